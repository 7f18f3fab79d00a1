"""How a run tells why it ended before its jobs were done, in words and by its exit code."""

from types import FunctionType

from reconciler.engine.outcome import RunReport
from reconciler.engine.stopping import UNSTOPPABLE, Limits, Stopped, unclosed, unforeseen
from reconciler.errors import LedgerError
from tests.support.one_apply import PACE

REPORT = RunReport(run_id="run-1", plan_id="", account="acme", pace=PACE, results=())
FULL = LedgerError("the disk is full", hint="Make room.")


def test_a_signal_has_the_exit_code_of_its_number() -> None:
    assert Stopped.by_signal(15) == Stopped("stopped by signal 15; the jobs in hand were finished or given up", 143)
    assert Stopped.before_any(2) == Stopped("stopped by signal 2 before any job was begun", 130)


def test_an_error_is_told_with_its_way_out() -> None:
    assert Stopped.by(FULL) == Stopped("the disk is full Make room.", 1)
    assert Stopped.by(LedgerError("locked")) == Stopped("locked", 1)


def test_a_run_that_nobody_asks_is_not_asked() -> None:
    assert UNSTOPPABLE.requested() == 0


def test_where_no_end_is_set_there_is_none() -> None:
    assert not Limits().time_is_up()
    assert not Limits().are_too_many(10**6)
    assert [Limits(most_failures=2).are_too_many(failures) for failures in (1, 2, 3)] == [False, True, True]


def test_an_end_that_was_not_recorded_is_told_unless_something_else_ended_the_run() -> None:
    told = unclosed(REPORT, FULL)
    assert (told.stopped, told.stop_code) == ("the end of the run is not recorded: the disk is full Make room.", 1)
    assert (told.run_id, told.account) == ("run-1", "acme")
    before = RunReport(
        run_id="run-1", plan_id="", account="acme", pace=PACE, results=(), stopped="before", stop_code=143
    )
    assert unclosed(before, FULL) is before


def test_an_unforeseen_error_is_told_by_its_class_and_the_place_where_it_came_up() -> None:  # I11
    assert unforeseen(KeyError("secret")) == "an unforeseen KeyError, which is a bug or a machine in trouble"
    for name in ("/home/somebody/place.py", "C:\\somebody\\place.py", "place.py"):
        try:
            FunctionType(compile("\n\n{}['secret']", name, "eval"), {})()
        except KeyError as error:
            told = unforeseen(error)
        assert told == "an unforeseen KeyError at place.py:3, which is a bug or a machine in trouble"
