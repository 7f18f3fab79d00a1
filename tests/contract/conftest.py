"""The services that the contract is held against: the emulator in two ways, and the live service when it is asked for.

The live service is read, never written to: `PICTORY_LIVE_TEST=1` and a key in `PICTORY_API_KEY`.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from reconciler.core.secret import Secret
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import ClientPair, RawKey
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.quota import PictoryQuota
from reconciler.pictory.reader import PictoryCleaner, PictoryReader
from reconciler.pictory.studio import StudioLists
from reconciler.wiring import API_BASE_URL
from tests.support.emulator import EmulatedAccount, EmulatorProcess, emulator_in_this_process

LIVE_RATE = float(os.environ.get("PICTORY_LIVE_RATE", "1"))
"""Calls a second to the live service."""
IS_LIVE = os.environ.get("PICTORY_LIVE_TEST") == "1" and bool(os.environ.get("PICTORY_API_KEY"))
EMULATED = ("over HTTP", "in this process")


@dataclass(frozen=True, slots=True)
class Service:
    """A service and our client of it; `account` is None for the live one."""

    calls: ApiCalls
    base_url: str
    account: EmulatedAccount | None

    @property
    def reader(self) -> PictoryReader:
        return PictoryReader(self.calls)

    @property
    def quota(self) -> PictoryQuota:
        return PictoryQuota(self.calls)

    @property
    def studio(self) -> StudioLists:
        return StudioLists(self.calls)


@dataclass(frozen=True, slots=True)
class Emulated:
    """An emulated service and our client of it."""

    calls: ApiCalls
    account: EmulatedAccount

    @property
    def reader(self) -> PictoryReader:
        return PictoryReader(self.calls)

    @property
    def cleaner(self) -> PictoryCleaner:
        return PictoryCleaner(self.calls)


def calls_of(base_url: str, key: str, per_second: float, patience_s: float) -> ApiCalls:
    return ApiCalls(base_url, RawKey(Secret(key)), Pacer(per_second), patience_s=patience_s)


def calls_of_pair(account: EmulatedAccount, *, user_id: str = "", pacer: Pacer | None = None) -> ApiCalls:
    """Our client with the emulator's client pair."""
    credentials = ClientPair(Secret("emulator"), Secret("emulator-secret"), Secret(user_id) if user_id else None)
    return ApiCalls(account.api, credentials, pacer or Pacer(1000), patience_s=10)


def _started(kind: str) -> AbstractContextManager[EmulatedAccount]:
    return EmulatorProcess() if kind == "over HTTP" else emulator_in_this_process()


@pytest.fixture(scope="module", params=EMULATED)
def emulated_account(request: pytest.FixtureRequest) -> Iterator[EmulatedAccount]:
    with _started(request.param) as account:
        yield account


@pytest.fixture
def emulated(emulated_account: EmulatedAccount) -> Iterator[Emulated]:
    """The emulated service, with nothing in it."""
    emulated_account.reset()
    with calls_of(emulated_account.api, emulated_account.key, 1000, 10) as calls:
        yield Emulated(calls, emulated_account)


@pytest.fixture(scope="module", params=[*EMULATED, *(["live"] if IS_LIVE else [])])
def any_service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """Each service, read only; the emulated ones hold one job of every kind."""
    if request.param == "live":
        base_url = os.environ.get("PICTORY_API_BASE_URL", "") or API_BASE_URL
        with calls_of(base_url, os.environ["PICTORY_API_KEY"], LIVE_RATE, 60) as calls:
            yield Service(calls, base_url, None)
        return
    with _started(request.param) as account:
        account.reset(jobs=60)
        with calls_of(account.api, account.key, 1000, 10) as calls:
            yield Service(calls, account.api, account)
