"""What is told about the copies of a bag: what one look found, and what the ledger remembers of the looks before."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt


class BagState(Enum):
    """What looking at a bag, or at its receipt, told."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    MISSING = "missing"


class Reading(Enum):
    """How a copy was looked at."""

    WHOLE = "whole"  # every byte was read and hashed
    FAST = "fast"  # listed with its lengths, no byte was read: never a proof


@dataclass(frozen=True, slots=True, kw_only=True)
class BagCheck:
    """One bag in one store, looked at again.  `problem` names the file and what is wrong with it.

    `receipt` is the state of the receipt's file beside it, which only a reading of every byte looks at, and
    `receipt_problem` what is wrong with that one.
    """

    job_id: JobId
    store: str
    bag: str
    state: BagState
    problem: str = ""
    receipt: BagState = BagState.WHOLE
    receipt_problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with this copy."""
        return self.state is BagState.WHOLE and self.receipt is BagState.WHOLE


class CopyId(NamedTuple):
    """What names one copy: a bag is of one job and fingerprint."""

    job_id: JobId
    fingerprint: str
    store: str

    @classmethod
    def of(cls, receipt: Receipt, store: str) -> "CopyId":
        """Name the copy of a receipt's bag in a store."""
        return cls(receipt.job_id, receipt.fingerprint, store)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at one copy, to be recorded: a fact, which no other one makes untrue.

    `at` is when the look began.  `is_bag_whole` says that its bag was as archived, whatever became of the receipt's
    file; `state` and `problem` are about both.
    """

    copy: CopyId
    at: datetime
    how: Reading
    state: BagState
    is_bag_whole: bool
    problem: str = ""


def look_of(receipt: Receipt, check: BagCheck, *, at: datetime, how: Reading) -> Look:
    """Give what is to be recorded of a check."""
    return Look(
        copy=CopyId.of(receipt, check.store),
        at=at,
        how=how,
        state=check.receipt if check.state is BagState.WHOLE else check.state,
        is_bag_whole=check.state is BagState.WHOLE,
        problem="; ".join(filter(None, (check.problem, check.receipt_problem))),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What the ledger remembers of one copy.

    `checked_at` is the newest look of any kind; `read_at` when every byte was last read, or should have been, None for
    never; `whole_at` when such a reading last found it whole, None for never.  `state`, `how` and `problem` are what
    was found; what a reading found wrong stands until another reading.
    """

    checked_at: datetime
    read_at: datetime | None
    whole_at: datetime | None
    how: Reading
    state: BagState
    problem: str
