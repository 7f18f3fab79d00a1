"""The parts of verbs that write.  Only here is made what cleans."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.clock import SystemClock
from reconciler.wiring.ledgers import ledger_writer
from reconciler.wiring.service import api_calls, evidence_of, jobs_reader
from reconciler.wiring.settings import TOOL, Settings, desired_state, user_agent
from reconciler.wiring.stores import signer, stores_of
from reconciler.wiring.workers import workers_of

if TYPE_CHECKING:
    from reconciler.core.desired import DesiredState
    from reconciler.engine.applying import Means
    from reconciler.engine.archiving import CopyMeans
    from reconciler.engine.ports import (
        Clock,
        CopyProgress,
        Evidence,
        JobsReader,
        KeyMark,
        Ledger,
        Progress,
    )
    from reconciler.engine.stopping import Limits, StopAtOnce


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteParts:
    """What `refresh` gets: it writes to the ledger alone."""

    desired: "DesiredState"
    reader: "JobsReader"
    ledger: "Ledger"
    clock: "Clock"
    key: "KeyMark"
    evidence: "Evidence"


@contextmanager
def write_parts(settings: Settings, progress: "Progress", stop: "StopAtOnce") -> Iterator[WriteParts]:
    """Give the parts of a verb that records what it reads."""
    desired = desired_state(settings)
    with api_calls(settings, stop) as calls, evidence_of(settings, calls) as evidence:
        yield WriteParts(
            desired=desired,
            reader=jobs_reader(settings, calls),
            ledger=ledger_writer(settings, progress, stop),
            clock=SystemClock(),
            key=calls,
            evidence=evidence,
        )


def limits_of(settings: Settings) -> "Limits":
    """Give how far a run goes; its time counts from now."""
    from reconciler.engine.stopping import Limits

    allowed, began = settings.max_duration, time.monotonic()
    return Limits(
        time_is_up=lambda: allowed is not None and time.monotonic() - began >= allowed.total_seconds(),
        most_failures=settings.most_failures,
    )


@contextmanager
def apply_means(
    settings: Settings, desired: "DesiredState", progress: "CopyProgress", stop: "StopAtOnce"
) -> Iterator["Means"]:
    """Give the means of an apply: the only place where a cleaner is made."""
    from reconciler.archive.archived_files import BagAddresses
    from reconciler.archive.run_records import StoreRecords
    from reconciler.archive.still_cached import CachedFiles
    from reconciler.engine.applying import Means
    from reconciler.pictory.reader import PictoryCleaner
    from reconciler.pictory.wire import read_detail

    limits = limits_of(settings)
    signs = signer(settings, progress.note)
    stores = stores_of(settings, desired)
    with (
        api_calls(settings, stop) as calls,
        evidence_of(settings, calls) as evidence,
        workers_of(settings, desired, progress, stores, signs, stop) as workers,
        CachedFiles(user_agent=user_agent()) as cached,
    ):
        yield Means(
            reader=jobs_reader(settings, calls),
            cleaner=PictoryCleaner(calls),
            cached=cached,
            archived=BagAddresses(stores, read_detail),
            workers=workers,
            records=StoreRecords(stores, tool=TOOL, signer=signs),
            ledger=ledger_writer(settings, progress, stop),
            key=calls,
            clock=SystemClock(),
            pacing=calls,
            progress=progress,
            stop=stop,
            limits=limits,
            pause=time.sleep,
            evidence=evidence,
        )


@contextmanager
def copy_means(
    settings: Settings, desired: "DesiredState", progress: "CopyProgress", stop: "StopAtOnce"
) -> Iterator["CopyMeans"]:
    """Give the means of a run that only copies."""
    from reconciler.archive.mender import StoreMender
    from reconciler.archive.run_records import StoreRecords
    from reconciler.archive.verifier import StoreVerifier
    from reconciler.engine.archiving import CopyMeans

    limits = limits_of(settings)
    signs = signer(settings, progress.note)
    stores = stores_of(settings, desired)
    with (
        api_calls(settings, stop) as calls,
        evidence_of(settings, calls) as evidence,
        workers_of(settings, desired, progress, stores, signs, stop) as workers,
    ):
        yield CopyMeans(
            reader=jobs_reader(settings, calls),
            workers=workers,
            records=StoreRecords(stores, tool=TOOL, signer=signs),
            verifier=StoreVerifier(stores),
            mender=StoreMender(stores, tool=TOOL, signer=signs),
            ledger=ledger_writer(settings, progress, stop),
            key=calls,
            clock=SystemClock(),
            pacing=calls,
            progress=progress,
            stop=stop,
            limits=limits,
            evidence=evidence,
        )
