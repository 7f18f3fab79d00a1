"""Where the key comes from and that it is never shown; how fast calls go."""

import sys
import threading
from pathlib import Path

import pytest

from reconciler.errors import AuthenticationRefused
from reconciler.pictory.keys import KEY as SOUGHT
from reconciler.pictory.pacing import Pacer
from tests.support.credentials import key_found
from tests.support.hand_made_time import HandMadeTime

PLAIN, FILE, COMMAND = SOUGHT.names
KEY = "pictai_abcdef0123"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key file"
    path.write_text(f"{KEY}\nsecond line\n")
    return path


def test_the_variable_comes_before_the_file_and_the_file_before_the_command(key_file: Path) -> None:
    printing = f"{sys.executable} -c 'print(\"from-command\")'"
    every = {PLAIN: "from-variable", FILE: str(key_file), COMMAND: printing}
    assert key_found(every) == "from-variable"
    del every[PLAIN]
    assert key_found(every) == KEY
    del every[FILE]
    assert key_found(every) == "from-command"


def test_spaces_around_a_key_are_no_part_of_it() -> None:
    assert key_found({PLAIN: f"  {KEY}\n"}) == KEY


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "nothing is set": ({}, f"no API key: {PLAIN}, {FILE}, {COMMAND} were looked at, none is set"),
    "only spaces": ({PLAIN: "  "}, "none is set"),
    "no such file": ({FILE: "./no-such-file"}, "names ./no-such-file, which cannot be read: No such file"),
    "a folder": ({FILE: "."}, "which cannot be read"),
    "a command that fails": ({COMMAND: "false"}, "ended with 1"),
    "no such command": ({COMMAND: "no-such-command-here"}, "could not be run (FileNotFoundError)"),
    "a quote left open": ({COMMAND: "echo 'x"}, "could not be run (ValueError)"),
    "a command that prints nothing": ({COMMAND: "true"}, "gives an empty key"),
    "with Bearer": ({PLAIN: f"Bearer {KEY}"}, "characters that are no key"),
    "of two lines": ({PLAIN: f"{KEY}\nX-Other: 1"}, "characters that are no key"),
    "not ASCII": ({PLAIN: f"{KEY}é"}, "characters that are no key"),
}


@pytest.mark.parametrize(("environ", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_a_key_that_cannot_be_had_is_told_without_it(environ: dict[str, str], told: str) -> None:  # I11
    with pytest.raises(AuthenticationRefused) as refused:
        key_found(environ)
    assert told in refused.value.message
    assert KEY not in refused.value.message + refused.value.hint


def test_what_a_failing_command_printed_is_not_told() -> None:  # I11
    with pytest.raises(AuthenticationRefused) as refused:
        key_found({COMMAND: f"sh -c 'echo {KEY}; echo {KEY} >&2; exit 3'"})
    assert KEY not in refused.value.message


# -- pacing


def test_one_second_s_worth_goes_at_once_and_then_one_after_the_other() -> None:
    time = HandMadeTime()
    pacer = Pacer(4, now=time.now, pause=time.pause)
    for _ in range(8):
        pacer.wait()
    assert time.pauses == [0.25] * 4


def test_less_than_one_a_second_still_lets_the_first_go_at_once() -> None:
    time = HandMadeTime()
    pacer = Pacer(0.5, now=time.now, pause=time.pause)
    pacer.wait()
    pacer.wait()
    assert time.pauses == [2.0]


def test_a_long_rest_saves_up_no_more_than_a_second() -> None:
    time = HandMadeTime()
    pacer = Pacer(2, now=time.now, pause=time.pause)
    time.at = 1000.0
    for _ in range(4):
        pacer.wait()
    assert time.pauses == [0.5, 0.5]


def test_an_overload_halves_the_rate_and_spends_nothing_that_was_saved_up() -> None:
    time = HandMadeTime()
    pacer = Pacer(4, now=time.now, pause=time.pause)
    pacer.overloaded()
    for _ in range(3):
        pacer.wait()
    assert time.pauses == [0.5] * 3


def test_overloads_of_one_moment_have_one_cause() -> None:
    time = HandMadeTime()
    pacer = Pacer(8, now=time.now, pause=time.pause)
    for _ in range(5):
        pacer.overloaded()
    assert (pacer.pace().rate, pacer.pace().overloads) == (4, 5)
    time.at += 1
    pacer.overloaded()
    assert (pacer.pace().rate, pacer.pace().lowest) == (2, 2)


@pytest.mark.parametrize(("ceiling", "floor"), [(0.25, 0.25), (2, 0.25), (100, 5)])
def test_the_rate_has_a_floor_and_a_ceiling(ceiling: float, floor: float) -> None:
    time = HandMadeTime()
    pacer = Pacer(ceiling, now=time.now, pause=time.pause)
    for _ in range(20):
        time.at += 1
        pacer.overloaded()
    assert pacer.pace().rate == floor
    for _ in range(19):
        pacer.answered()
    assert pacer.pace().rate == pytest.approx(ceiling)
    pacer.answered()
    assert (pacer.pace().rate, pacer.pace().lowest) == (ceiling, floor)


def test_the_pace_tells_calls_and_waits() -> None:
    time = HandMadeTime()
    pacer = Pacer(2, now=time.now, pause=time.pause)
    for _ in range(4):
        pacer.wait()
    assert (pacer.pace().calls, pacer.pace().waited_s) == (4, 1.0)


def test_many_threads_queue_behind_each_other() -> None:
    owed: list[float] = []
    pacer = Pacer(10, now=lambda: 0.0, pause=owed.append)

    def ten_calls() -> None:
        for _ in range(10):
            pacer.wait()

    threads = [threading.Thread(target=ten_calls) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(round(each, 6) for each in owed) == [round(number / 10, 6) for number in range(1, 71)]
