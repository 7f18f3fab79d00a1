"""The rate as a law: whatever comes when, no stretch of time sees more calls than it may."""

import sys
import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.pictory.pacing import LONGEST_REST_S, Pacer
from tests.support.hand_made_time import HandMadeTime

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


def test_a_rest_is_kept_by_calls_that_come_and_by_calls_that_wait_already() -> None:
    time = HandMadeTime()
    asked: list[float] = []

    def pause(seconds: float) -> None:
        if not asked:  # in the middle of the first wait, another thread is told to come back later
            asked.append(10.0)
            time.at += 0.5
            pacer.rest(10.0)
            time.pause(seconds - 0.5)
        else:
            time.pause(seconds)

    pacer = Pacer(1.0, now=time.now, pause=pause)
    pacer.wait()
    pacer.wait()
    assert time.at == 11.0, "its place was at 1.0, the rest of ten seconds began at 0.5"
    pacer.wait()
    assert time.at == 12.0, "one second after the one before, as ever"


def test_a_rest_is_bounded_and_a_shorter_one_takes_nothing_from_a_longer_one() -> None:
    time = HandMadeTime()
    pacer = Pacer(5.0, now=time.now, pause=time.pause)
    pacer.rest(3600)
    pacer.rest(20)
    pacer.rest(0)
    pacer.wait()
    assert time.at == LONGEST_REST_S == 60.0
    time.at += 1000
    pacer.wait()
    assert time.at == 1060.0, "a rest that is over is over"


def test_after_a_rest_the_first_call_has_its_place_and_the_others_theirs_behind_it() -> None:
    time = HandMadeTime()
    pacer = Pacer(2.0, now=time.now, pause=time.pause)
    pacer.overloaded(rest_s=7.0)
    left = []
    for _ in range(3):
        pacer.wait()
        left.append(time.at)
    assert left == [7.0, 8.0, 9.0]


def test_a_place_that_comes_too_late_is_not_taken_and_not_waited_for() -> None:
    time = HandMadeTime()
    pacer = Pacer(1.0, now=time.now, pause=time.pause)
    assert pacer.wait(at_most_s=0)
    assert not pacer.wait(at_most_s=0.99)
    assert time.pauses == []
    assert pacer.wait(at_most_s=1.0)
    assert (time.at, pacer.pace().calls) == (1.0, 2)


def test_a_place_that_a_rest_moves_too_far_is_given_up() -> None:
    time = HandMadeTime()

    def pause(seconds: float) -> None:
        time.pause(seconds)
        if len(time.pauses) == 1:
            pacer.rest(30)

    pacer = Pacer(1.0, now=time.now, pause=pause)
    pacer.wait()
    assert not pacer.wait(at_most_s=5)
    assert (time.pauses, pacer.pace().calls) == ([1.0], 1)


class SteppedTime:
    """Time for real threads: a pause lasts until the test has moved the time that far."""

    def __init__(self) -> None:
        self.at = 0.0
        self.wakes: list[float] = []
        self.moved = threading.Condition()

    def now(self) -> float:
        return self.at

    def pause(self, seconds: float) -> None:
        with self.moved:
            wake = self.at + seconds
            self.wakes.append(wake)
            self.moved.notify_all()
            assert self.moved.wait_for(lambda: self.at >= wake, timeout=20)
            self.wakes.remove(wake)
            self.moved.notify_all()

    def move_when_all_wait(self, threads: int) -> None:
        """Move to the next wake as soon as so many threads pause."""
        with self.moved:
            assert self.moved.wait_for(lambda: len(self.wakes) >= threads, timeout=20)
            self.at = min(self.wakes)
            self.moved.notify_all()
            assert self.moved.wait_for(lambda: self.at not in self.wakes, timeout=20)


def test_no_call_of_any_thread_goes_out_before_the_time_that_the_service_named() -> None:
    time, left = SteppedTime(), []
    pacer = Pacer(2.0, now=time.now, pause=time.pause)
    pacer.overloaded()  # nothing is saved up: each of these has to wait for its place

    def call() -> None:
        pacer.wait()
        with time.moved:
            left.append(time.at)
            time.moved.notify_all()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    with time.moved:
        assert time.moved.wait_for(lambda: len(time.wakes) == 4, timeout=20)
    pacer.overloaded(rest_s=30.0)  # one thread hears it; four others wait for places within the next seconds
    for gone in range(4):
        while len(left) == gone:
            time.move_when_all_wait(4 - gone)
    for thread in threads:
        thread.join()
    assert min(left) >= 30.0
    assert all(later - sooner >= 1.0 for sooner, later in pairwise(sorted(left))), "and as far apart as ever"


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
