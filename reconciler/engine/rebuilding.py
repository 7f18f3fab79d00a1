"""A new ledger from what the stores of the archive have, after the old one is lost.

Whoever rebuilds must know what is not in it: first sightings, the order of jobs, imported times.  So no age is known
until runs record the list again, and a job that an old hold may have protected is held all the same
(reconciler.ledger.rebuilt_holds).  A rebuilt ledger never lets go what the old one would have kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.core.audit import AuditEvent
from reconciler.core.receipt import Receipt
from reconciler.core.segments import Joined, join
from reconciler.engine.salvage import ArchiveMemory, Stored
from reconciler.engine.talk import Say, silent
from reconciler.errors import GuardRefused, UsageRefused


@dataclass(frozen=True, slots=True)
class LastApplied:
    """The file that was applied last, of which no store has more than the digest; "" and None where it is not sure."""

    digest: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What the stores tell, put together.

    `chain` is the audit chain as far as it is whole, `apart` are events behind a gap in it, of which only what holds a
    job is believed.  `done` are runs that did all that their plan named.  `problems` is what could not be taken.
    """

    account: str
    stores: tuple[str, ...]
    chain: tuple[AuditEvent, ...]
    apart: tuple[AuditEvent, ...]
    receipts: tuple[Receipt, ...]
    done: frozenset[str]
    problems: tuple[str, ...] = ()

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What the audit tells of it."""
        return (
            ("stores", ", ".join(self.stores)),
            ("events", str(len(self.chain))),
            ("left_out", str(len(self.apart))),
            ("receipts", str(len(self.receipts))),
            ("problems", str(len(self.problems))),
        )

    @property
    def last_applied(self) -> LastApplied | None:
        """The file that was applied last; None where none ever was.

        Sure is only what a whole chain says: in what is missing a later file may have been applied.
        """
        if self.apart or self.problems or not self.chain:
            return LastApplied()
        files = [event for event in self.chain if event.event == "file_applied"]
        if files:
            return LastApplied(dict(files[-1].facts).get("digest", ""), files[-1].at)
        return LastApplied() if any(event.event == "cleaned" for event in self.chain) else None

    @property
    def imports(self) -> tuple[tuple[str, str], ...]:
        """The files of times that were imported, by name and digest, each once: their times are in no store."""
        told = [dict(event.facts) for event in self.chain if event.event == "times_imported"]
        return tuple(dict.fromkeys((each.get("source", ""), each.get("digest", "")) for each in told))


class NewLedgers(Protocol):
    """Makes ledgers."""

    def make(self, salvage: Salvage) -> int:
        """Make a ledger of what was salvaged, as a whole or not at all; give how many holds go on in it.

        Raises:
            LedgerError: there is one already, or it cannot be written.
        """

    def refuse_over_old(self) -> None:
        """Raise the same LedgerError where there is one already, before anything is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was made of it."""

    salvage: Salvage
    holds: int


def rebuild(memory: ArchiveMemory, ledgers: NewLedgers, account: str, say: Say = silent) -> Rebuilt:
    """Make a new ledger from all that the stores have; `account` is what the desired-state file says, "" without one.

    `say` is told which store is read.

    Raises:
        LedgerError: there is a ledger already, or none can be written.
        ArchiveError: a store cannot be read: what it knows may be what holds a job.
        GuardRefused: the stores are of another account, or of several.
        UsageRefused: no store has anything, or none says whose it is.
    """
    ledgers.refuse_over_old()
    stored = []
    for store in memory.stores:
        say(f"Reading the records and receipts in {store}.")
        stored.append(memory.everything(store))
    salvage = salvaged(stored, account)
    return Rebuilt(salvage=salvage, holds=ledgers.make(salvage))


def salvaged(stored: Iterable[Stored], account: str) -> Salvage:
    """Put together what several stores tell."""
    each = tuple(stored)
    records = [record for store in each for record in store.records]
    joined: Joined = join([record.segment for record in records])
    receipts = tuple(receipt for store in each for receipt in store.receipts)
    if not records and not receipts:
        raise UsageRefused(
            f"there is no record of a run and no receipt in {', '.join(store.store for store in each)}",
            hint="Name the stores of the archive with --from, or have the file name them.",
        )
    return Salvage(
        account=_account({record.account for record in records}, account),
        stores=tuple(store.store for store in each),
        chain=joined.chain,
        apart=joined.apart,
        receipts=tuple(dict.fromkeys(receipts)),
        done=frozenset(record.run_id for record in records if record.is_done),
        problems=(
            *(problem for store in each for problem in store.problems),
            *(
                f"{store.store} has no record and no receipt: is it the right place, and there?"
                for store in each
                if not store.records and not store.receipts
            ),
            *joined.problems,
        ),
    )


def _account(of_records: set[str], of_file: str) -> str:
    named = sorted(of_records | ({of_file} if of_file else set()))
    if len(named) > 1:
        raise GuardRefused(
            (f"the stores and the file name {len(named)} accounts, not one: {', '.join(named)}; a ledger is of one",)
        )
    if not named:
        raise UsageRefused(
            "no record says of which account the archive is", hint="Name the desired-state file with --file: it says."
        )
    return named[0]
