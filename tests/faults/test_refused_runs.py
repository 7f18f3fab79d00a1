"""A run that is refused before it has the lease is told in the audit, whatever the verb: one event is all of it."""

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.workplace import Workplace

A = job_id(1)
LEDGER = "state/ledger.db"


@pytest.fixture
def place(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """One archived job and a ledger that knows it."""
    emulator.put_job(A, bodies.image())
    workplace.write_desired(A)
    workplace.run("archive", A).expect(0)
    (workplace.folder / "times.csv").write_text(f"job_id,created_at\n{A},2026-01-31T09:00:00Z\n")
    return workplace


def told(place: Workplace) -> list[dict[str, str]]:
    events = list(reader_at(place.folder / LEDGER).audit_events())
    return [dict(event.facts) for event in events if event.event == "refused"]


WITH_A_KEY = {"apply": ["plan.json"], "archive": [], "refresh": []}


@pytest.mark.parametrize(("verb", "more"), WITH_A_KEY.items(), ids=WITH_A_KEY.keys())
def test_one_without_a_key_is_told(
    place: Workplace, emulator: EmulatorProcess, verb: str, more: list[str]
) -> None:  # I10
    place.plan()
    emulator.forget_requests()
    place.run(verb, *more, extra={"PICTORY_API_KEY": ""}).expect(11)
    (refused,) = told(place)
    assert (refused["operation"], refused["error"], refused["code"]) == (verb, "AuthenticationRefused", "11")
    assert refused["host"]
    assert emulator.requests() == []
    place.run("audit", "verify").expect(0)


WITH_A_FILE = {
    "apply": ["apply", "plan.json"],
    "archive": ["archive"],
    "refresh": ["refresh"],
    "repair": ["verify", "--repair"],
    "import-times": ["import-times", "times.csv"],
}


@pytest.mark.parametrize(("operation", "command"), WITH_A_FILE.items(), ids=WITH_A_FILE.keys())
def test_one_whose_file_is_invalid_is_told_where_the_ledger_is_known(
    place: Workplace, operation: str, command: list[str]
) -> None:  # I10
    place.plan()
    file = place.folder / "retention.yaml"
    file.write_text(file.read_text() + "nonsense: true\n")
    place.run(*command, "--state", LEDGER).expect(10)
    assert [(each["operation"], each["code"]) for each in told(place)] == [(operation, "10")]
    place.run("audit", "verify", "--state", LEDGER).expect(0)


def test_an_unlock_that_names_no_lease_of_a_run_changes_nothing_and_is_no_run(place: Workplace) -> None:
    place.run("unlock", "lease-000000000000").expect(0)
    assert told(place) == []


@pytest.mark.parametrize(
    "command", [["plan"], ["status"], ["verify"], ["audit", "verify"], ["refresh", "--tpslimit", "x"]]
)
def test_verbs_that_only_read_and_wrong_calls_are_no_runs(place: Workplace, command: list[str]) -> None:  # I6
    file = place.folder / "retention.yaml"
    file.write_text(file.read_text() + "nonsense: true\n")
    before = (place.folder / LEDGER).read_bytes()
    place.run(*command, "--state", LEDGER)
    assert told(place) == []
    assert (place.folder / LEDGER).read_bytes() == before


def test_where_there_is_no_ledger_none_is_made_for_it(workplace: Workplace) -> None:
    workplace.write_desired(A)
    for verb, more in WITH_A_KEY.items():
        workplace.run(verb, *more, extra={"PICTORY_API_KEY": ""})
    assert not (workplace.folder / LEDGER).exists()
