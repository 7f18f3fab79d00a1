"""How to make an archiver on another machine: a plain description that travels there, and what is made of it.

No key and no credential is in it.  Workers call nothing of the service, and buckets let them in by what their own
environment has.
"""

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.archive.archiver import BagArchiver
from reconciler.archive.bandwidth import Bandwidth, TimeOfDay, divided, timetable
from reconciler.archive.download import Downloader
from reconciler.archive.stores import BagStore
from reconciler.archive.stores.opening import open_stores
from reconciler.archive.workers.tokens import Token
from reconciler.core.desired import SecondRead, Store
from reconciler.engine.ports import Clock
from reconciler.engine.talk import Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What an archiver on another machine is made of.

    `beside` is the absolute folder that `file:` stores are relative to; a worker must see the `tokens` in them.
    `bandwidth` is the limit for all workers together, as --bwlimit has it, and each of `shares` processes takes an
    equal part; its timetable is in the time of the coordinator, `utc_offset_s` seconds ahead of UTC.
    """

    stores: tuple[Store, ...]
    beside: str
    copies: int
    second_read: SecondRead
    account: str
    tool: str
    user_agent: str
    patience_s: float
    bandwidth: str = "off"
    utc_offset_s: float = 0.0
    shares: int = 1
    tokens: tuple[Token, ...] = ()
    clock: Clock = field(compare=False)


def stores_there(making: Making, spool: Path) -> tuple[BagStore, ...]:
    """Open the stores on this machine; what goes to a bucket waits in `spool`.

    Unfinished work lies apart from that of all others.  Locks tell within one machine who is still at it; a worker of
    another one that is given up for dead may still write to its files, and nobody may go on with them.

    Raises:
        UsageRefused: a bucket cannot be opened here.
    """
    return open_stores(
        making.stores,
        Path(making.beside),
        spool,
        patience_s=making.patience_s,
        user_agent=making.user_agent,
        apart=f"worker-{uuid.uuid4().hex}",
    )


def archiver_there(making: Making, stores: tuple[BagStore, ...], say: Say) -> BagArchiver:
    """Make the archiver; its connections are kept as long as it is."""
    downloader = Downloader(
        user_agent=making.user_agent,
        patience_s=making.patience_s,
        bandwidth=Bandwidth(
            divided(timetable(making.bandwidth), making.shares),
            time_of_day=_time_of_day(making.clock, datetime.timedelta(seconds=making.utc_offset_s)),
        ),
    )
    return BagArchiver(
        stores,
        copies=making.copies,
        second_read=making.second_read,
        downloader=downloader,
        clock=making.clock,
        account=making.account,
        tool=making.tool,
        say=say,
    )


def _time_of_day(clock: Clock, offset: datetime.timedelta) -> Callable[[], TimeOfDay]:
    return lambda: clock.now().astimezone(datetime.timezone(offset)).time()
