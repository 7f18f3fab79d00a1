"""The rate as a law: whatever comes when, no stretch of time sees more calls than it may."""

import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.pictory.pacing import Pacer

RATES = st.sampled_from([0.5, 1.0, 2.0, 3.0, 7.5, 100.0])
GAPS = st.lists(st.sampled_from([0.0, 0.001, 0.1, 0.3, 0.5, 1.0, 2.0, 60.0]), min_size=1, max_size=40)


def departures(rate: float, gaps: list[float], *, waits_count: bool) -> list[float]:
    """When each call leaves: callers that come at their own times, or one that comes back after its own wait."""
    at = [0.0]
    left = []

    def pause(seconds: float) -> None:
        assert seconds > 0
        owed.append(seconds)

    pacer = Pacer(rate, now=lambda: at[0], pause=pause)
    for gap in gaps:
        at[0] += gap
        owed: list[float] = []
        pacer.wait()
        left.append(at[0] + sum(owed))
        if waits_count:
            at[0] += sum(owed)
    return left


@given(RATES, GAPS, st.booleans())
def test_no_stretch_of_time_sees_more_calls_than_its_share_and_one_burst(
    rate: float, gaps: list[float], waits_count: bool
) -> None:
    left = sorted(departures(rate, gaps, waits_count=waits_count))
    burst = max(1.0, rate)
    for first, begin in enumerate(left):
        for last in range(first, len(left)):
            assert last - first + 1 <= burst + (left[last] - begin) * rate + 1e-6


@given(RATES, GAPS)
def test_nobody_waits_longer_than_the_rate_asks_for(rate: float, gaps: list[float]) -> None:
    left = departures(rate, gaps, waits_count=False)
    come = 0.0
    for number, (gap, leaves) in enumerate(zip(gaps, left, strict=True)):
        come += gap
        assert leaves - come <= number / rate + 1e-6


@pytest.mark.parametrize("rate", [0.25, 1.0, 2.0, 50.0])
def test_in_the_long_run_the_rate_is_used_in_full(rate: float) -> None:
    left = departures(rate, [0.0] * 400, waits_count=True)
    assert left[-1] == pytest.approx((400 - max(1.0, rate)) / rate)


def test_a_clock_that_stands_still_gives_nothing_away() -> None:
    owed: list[float] = []
    pacer = Pacer(2.0, now=lambda: 5.0, pause=owed.append)
    for _ in range(6):
        pacer.wait()
    assert owed == [0.5, 1.0, 1.5, 2.0]


def test_threads_that_are_switched_at_every_turn_still_queue() -> None:
    owed: list[float] = []

    def switched() -> float:
        time.sleep(0)
        return 0.0

    pacer = Pacer(1.0, now=switched, pause=owed.append)

    def many_calls() -> None:
        for _ in range(200):
            pacer.wait()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=many_calls) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert sorted(owed) == [float(number) for number in range(1, 1200)]


def test_a_waiting_caller_keeps_nobody_else_from_asking() -> None:
    waiting, go_on = threading.Event(), threading.Event()

    def pause(_seconds: float) -> None:
        waiting.set()
        assert go_on.wait(20)

    pacer = Pacer(1.0, now=lambda: 0.0, pause=pause)
    pacer.wait()
    first = threading.Thread(target=pacer.wait)
    first.start()
    assert waiting.wait(20)
    second = threading.Thread(target=pacer.wait)
    waiting.clear()
    second.start()
    assert waiting.wait(20), "the second caller was kept out while the first one waited"
    go_on.set()
    first.join()
    second.join()
