"""Who copies: threads of this process, or the workers of a cluster."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from reconciler.clock import SystemClock, pause_unless
from reconciler.errors import UsageRefused
from reconciler.wiring.settings import THREADS, TOOL, Settings, time_here, user_agent

if TYPE_CHECKING:
    from reconciler.archive.stores import BagStore
    from reconciler.archive.workers.making import Making
    from reconciler.core.desired import DesiredState
    from reconciler.engine.ports import (
        CopyProgress,
        Signer,
        Stop,
    )
    from reconciler.engine.workers import Workers


def workers_of(
    settings: Settings,
    desired: "DesiredState",
    progress: "CopyProgress",
    stores: "tuple[BagStore, ...]",
    signs: "Signer | None",
    stop: "Stop",
) -> AbstractContextManager["Workers"]:
    """Give those that copy, as the settings name them; `signs` signs what they leave, `stop` ends their long waits."""
    if settings.workers == THREADS:
        return _threads(settings, desired, progress, stores, signs, stop)
    return _workers_elsewhere(settings, desired, progress, stores, signs)


@contextmanager
def _workers_elsewhere(
    settings: Settings,
    desired: "DesiredState",
    progress: "CopyProgress",
    stores: "tuple[BagStore, ...]",
    signs: "Signer | None",
) -> Iterator["Workers"]:
    from reconciler.archive.bandwidth import timetable

    try:
        from reconciler.archive.workers.dask import dask_workers
    except ImportError as error:
        raise UsageRefused(
            f"--workers {settings.workers} needs dask and distributed, and {error.name} is not installed",
            hint="Install them: pip install 'pictory-reconciler[dask]'",
        ) from error

    timetable(settings.bandwidth)  # refused here, not by each worker
    making = copying_there(settings, desired)
    with dask_workers(settings.workers, making, stores, signer=signs, note=progress.note) as workers:
        yield workers


def copying_there(settings: Settings, desired: "DesiredState") -> "Making":
    """Describe how jobs are copied on another machine; no key is in it."""
    from reconciler.archive.workers.making import Making

    offset = SystemClock().now().astimezone().utcoffset()
    return Making(
        stores=desired.stores,
        beside=str(settings.file.parent.resolve()),
        copies=desired.copies,
        second_read=desired.second_read,
        account=desired.account,
        tool=TOOL,
        user_agent=user_agent(),
        patience_s=settings.patience_s,
        bandwidth=settings.bandwidth,
        utc_offset_s=offset.total_seconds() if offset else 0.0,
        clock=SystemClock(),
    )


@contextmanager
def _threads(
    settings: Settings,
    desired: "DesiredState",
    progress: "CopyProgress",
    stores: "tuple[BagStore, ...]",
    signs: "Signer | None",
    stop: "Stop",
) -> Iterator["Workers"]:
    from reconciler.archive.archiver import BagArchiver
    from reconciler.archive.bandwidth import Bandwidth, timetable
    from reconciler.archive.download import Downloader, not_fetched
    from reconciler.archive.workers.threads import ThreadWorkers

    pause = pause_unless(stop.requested, not_fetched)
    with Downloader(
        user_agent=user_agent(),
        patience_s=settings.patience_s,
        bandwidth=Bandwidth(timetable(settings.bandwidth), time_of_day=time_here, pause=pause),
        pause=pause,
        stopping=stop.requested,
        say=settings.talk,
        watch=progress,
    ) as downloader:
        archiver = BagArchiver(
            stores,
            copies=desired.copies,
            second_read=desired.second_read,
            downloader=downloader,
            clock=SystemClock(),
            account=desired.account,
            tool=TOOL,
            signer=signs,
            say=progress.note,
        )
        with ThreadWorkers(archiver, settings.copies_at_once) as workers:
            yield workers
