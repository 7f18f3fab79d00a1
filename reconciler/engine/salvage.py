"""What the stores of the archive tell of the past, for whoever checks the ledger by them, or has lost it."""

from dataclasses import dataclass
from typing import Protocol

from reconciler.core.receipt import Receipt
from reconciler.core.segments import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """The record of one run as a store has it.

    `is_done` says that the run did all that its plan named, so that the plan was used up.
    """

    run_id: str
    account: str
    is_done: bool
    segment: Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """All that one store tells; `problems` says in a sentence each what is there and cannot be taken."""

    store: str
    records: tuple[StoredRecord, ...]
    receipts: tuple[Receipt, ...] = ()
    problems: tuple[str, ...] = ()


class ArchiveMemory(Protocol):
    """Reads records and receipts out of the stores; writes nothing."""

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores, by their addresses."""

    def records(self, store: str) -> Stored:
        """Read the records of a store.

        Raises:
            ArchiveError: the store cannot be read.
        """

    def everything(self, store: str) -> Stored:
        """Read the records of a store, and every receipt whose bag is there.

        Raises:
            ArchiveError: the store cannot be read.
        """
