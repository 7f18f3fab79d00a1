"""What our client takes the service to do about who may call: the older client pair and its tokens.  Emulators only."""

import threading
from collections.abc import Callable
from math import inf

import pytest

from reconciler.core.job import JobId
from reconciler.core.secret import Secret
from reconciler.engine.ports import CleanAnswer
from reconciler.errors import AuthenticationRefused
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import ClientPair
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.reader import PictoryCleaner, PictoryReader
from tests.contract.conftest import Emulated, calls_of_pair
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.ledger_values import proof

A = JobId(job_id(1))


def routes(emulated: Emulated) -> list[tuple[str, int]]:
    return [(str(request["route"]), int(request["status"])) for request in emulated.account.requests()]


class TimePassesWithEachCall(Pacer):
    """Moves the emulator's clock on before each call."""

    def __init__(self, emulated: Emulated, seconds: float) -> None:
        super().__init__(1000)
        self._emulated, self._seconds = emulated, seconds

    def wait(self, *, at_most_s: float = inf, told: Callable[[float], None] = print) -> bool:
        self._emulated.account.clock(advance_s=self._seconds)
        return super().wait(at_most_s=at_most_s, told=told)


def test_a_token_of_the_pair_is_had_by_a_call_without_credentials_and_goes_raw(emulated: Emulated) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.switch(bearer="refused")
    with calls_of_pair(emulated.account) as calls:
        assert [job.id for job in PictoryReader(calls).list_jobs().jobs] == [A]
        assert PictoryReader(calls).get(A) is not None
        assert PictoryCleaner(calls).clean(proof(A)) is CleanAnswer.DONE
    came = emulated.account.requests()
    assert [(each["route"], each["key_sent"]) for each in came] == [
        *(("token", False), ("list", True), ("get", True), ("clean", True))
    ]


def test_a_listing_outlives_its_token(emulated: Emulated) -> None:
    emulated.account.reset(jobs=60)
    emulated.account.clock(stands=True)
    emulated.account.switch(token_lasts_s=60)
    with calls_of_pair(emulated.account, pacer=TimePassesWithEachCall(emulated, 25)) as calls:
        listing = PictoryReader(calls).list_jobs()
    assert (len(listing.jobs), listing.pages) == (60, 3)
    assert routes(emulated) == [
        *(("token", 200), ("list", 200), ("list", 200)),
        *(("list", 401), ("token", 200), ("list", 200), ("list", 200)),
    ]


def test_a_token_that_ends_at_once_is_refused_and_not_asked_for_without_end(emulated: Emulated) -> None:
    emulated.account.clock(stands=True)
    emulated.account.switch(token_lasts_s=10)
    with (
        calls_of_pair(emulated.account, pacer=TimePassesWithEachCall(emulated, 60)) as calls,
        pytest.raises(AuthenticationRefused, match="refused the token of the client pair"),
    ):
        PictoryReader(calls).list_jobs()
    assert routes(emulated) == [("token", 200), ("list", 401)] * 2


def test_a_clean_whose_token_ended_is_sent_once_more_and_done_once(emulated: Emulated) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.clock(stands=True)
    with calls_of_pair(emulated.account) as calls:
        assert PictoryReader(calls).get(A) is not None
        emulated.account.clock(advance_s=3600)
        assert PictoryCleaner(calls).clean(proof(A)) is CleanAnswer.DONE
    assert routes(emulated)[2:] == [("clean", 401), ("token", 200), ("clean", 200)]
    assert emulated.account.cleaned() == {A}


def test_many_threads_whose_token_ended_have_one_new_one(emulated: Emulated) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.clock(stands=True)
    begin = threading.Barrier(8)
    found: list[object] = []
    with calls_of_pair(emulated.account) as calls:
        PictoryReader(calls).get(A)
        emulated.account.clock(advance_s=3600)

        def read() -> None:
            begin.wait()
            found.append(PictoryReader(calls).get(A))

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 8
    assert None not in found
    assert routes(emulated).count(("token", 200)) == 2


@pytest.mark.parametrize("user", ["", "u1"])
def test_an_account_that_needs_a_user_id_is_read_with_one_alone(emulated: Emulated, user: str) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.switch(user_id_required=True)
    with calls_of_pair(emulated.account, user_id=user) as calls:
        if user:
            assert PictoryReader(calls).get(A) is not None
            assert routes(emulated) == [("token", 200), ("get", 200)]
            return
        with pytest.raises(AuthenticationRefused) as refused:
            PictoryReader(calls).get(A)
    assert "PICTORY_USER_ID" in refused.value.hint
    assert routes(emulated) == [("token", 200), ("get", 401)] * 2


@pytest.mark.parametrize("pair", [("emulator", "wrong"), ("wrong", "emulator-secret")], ids=["secret", "id"])
def test_a_wrong_pair_is_refused_by_the_call_for_a_token(emulated: Emulated, pair: tuple[str, str]) -> None:
    credentials = ClientPair(*map(Secret, pair))
    with (
        ApiCalls(emulated.account.api, credentials, Pacer(1000), patience_s=10) as calls,
        pytest.raises(AuthenticationRefused, match="refused the client pair"),
    ):
        PictoryReader(calls).list_jobs()
    assert routes(emulated) == [("token", 401)]


@pytest.mark.parametrize("word", ["429", "500", "502", "503", "reset", "cut", "reset-after-commit"])
def test_a_token_is_had_after_passing_trouble(emulated: Emulated, word: str) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.fault("token", word)
    with calls_of_pair(emulated.account) as calls:
        assert PictoryReader(calls).get(A) is not None
    assert [route for route, _ in routes(emulated)] == ["token", "token", "get"]
