"""What the engine needs of the world, as Protocols.  Read ports have no write methods: a dry run is a type (I6)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from reconciler.core.applied import AppliedFile
from reconciler.core.approvals import Approvals
from reconciler.core.audit import AuditEvent
from reconciler.core.desired import Limits
from reconciler.core.imports import Judged
from reconciler.core.inventory import Inventory
from reconciler.core.job import AssetKind, Job, JobId
from reconciler.core.memory import LedgerView
from reconciler.core.receipt import Receipt, VerifiedReceipt
from reconciler.core.recording import DecisionRecord
from reconciler.core.rule_loss import RulesCompared
from reconciler.core.steps import Entry, Phase
from reconciler.engine.account import Departure, LastSeen, Quota, ResultDates
from reconciler.engine.copies import BagCheck, CopyId, Look, Reading, Verified
from reconciler.engine.outcome import Pace


class Clock(Protocol):
    """Wall-clock time, aware, UTC."""

    def now(self) -> datetime:
        """Give the current time."""


# -- the service


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A listing read to the service's own end marker, newest first, repeats still in it.

    `arrived` counts the jobs at the head that came in while the list was read.  `told_at` is the service's own time in
    its last answer, None where the answer had none.
    """

    jobs: tuple[Job, ...]
    pages: int
    end_marker: str
    unnamed: int
    arrived: int = 0
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InlinePart:
    """Content that the body itself carries: a transcript, subtitles, parameters."""

    kind: AssetKind
    extension: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetail:
    """One job as answered by its own call: the facts, the body as received, and its inline parts."""

    job: Job
    body: bytes
    inline: tuple[InlinePart, ...]


class JobsReader(Protocol):
    """Reads the service; sends GET and HEAD only."""

    def list_jobs(self) -> Listing | Inventory:
        """Read the whole list; where that was done before, as from a snapshot, give what came of it.

        Raises:
            InventoryIncomplete: a page failed for good, a cursor came back, `items` is absent, ...
            AuthenticationRefused: the key was refused.
        """

    def get(self, job_id: JobId) -> JobDetail | None:
        """Read one job; None when the service knows no such job.

        Raises:
            ServiceError: no usable answer, or an answer about another job.
            AuthenticationRefused: the key was refused.
        """


class QuotaReader(Protocol):
    """Reads what of the plan is used; sends GET only."""

    def quota(self) -> Quota:
        """Read the quota, whatever of it there is.

        Raises:
            ServiceError: no usable answer.
            AuthenticationRefused: the key was refused.
        """


class TimesReader(Protocol):
    """Reads evidence of time; sends GET only.  A list that fails is no error: its lack holds jobs."""

    def result_dates(self) -> ResultDates:
        """Read when AI Studio results were made.

        Raises:
            AuthenticationRefused: the key was refused.
        """


class AssetSizes(Protocol):
    """Asks the hosts of files how long they are; sends HEAD only, and never the key."""

    def sizes(self, addresses: Iterable[str]) -> Mapping[str, int]:
        """Give the length in bytes of each file whose host tells it, and of no other; never fails for one file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Whom to ask for what the list does not show; None where nobody is to be asked, and its lack holds jobs."""

    times: TimesReader | None = None
    sizes: AssetSizes | None = None


NOBODY = Evidence()


class CleanAnswer(Enum):
    """What the service said to a clean."""

    DONE = "done"  # success: true
    GONE = "gone"  # it knows no such job (any more)
    REFUSED = "refused"  # success: false, or a 4xx: nothing was cleaned


class JobsCleaner(Protocol):
    """The only way to a clean.  Needs proof, so a caller without an archive has nothing to pass (I1)."""

    def clean(self, receipt: VerifiedReceipt) -> CleanAnswer:
        """Send the clean of the receipt's job, once, without retry.

        Raises:
            ServiceUnreachable: it got no answer, or one of passing trouble: it may be sent once more, after a look.
            ServiceError: it cannot be told whether the request took effect; ask with `JobsReader.get`.
            AuthenticationRefused: the key was refused; nothing was cleaned.
        """


class Paced(Protocol):
    """Whoever calls the service, and counts."""

    def pace(self) -> Pace:
        """Tell what the calls came to so far."""


# -- the archive


class BagVerifier(Protocol):
    """Looks at copies again; writes nothing."""

    def look(self, receipt: Receipt, store: str, how: Reading) -> BagCheck:
        """Look at the bag of a receipt in one store: read and hash every file, and hold the receipt's file beside it
        against the receipt; or, fast, see whether the files are there with their lengths, and nothing more.
        """


class VerificationLog(Protocol):
    """Takes what looks at copies found.  Facts: they need no lease, and come in any order beside another run's."""

    def record(self, looks: Sequence[Look]) -> None:
        """Record them, all or none, durably.

        Raises:
            LedgerError: the ledger cannot be written now; nothing was recorded.
        """


class Archiver(Protocol):
    """Makes copies and proves them."""

    def archive(self, detail: JobDetail) -> VerifiedReceipt:
        """Copy everything the job has into every store, read it back, and write the receipt beside it.

        A bag that is already there for the same fingerprint is read back and used, never overwritten.

        Raises:
            StoreNotWritable: the store takes no more; the run should stop.
            ArchiveError: an asset could not be had whole, or the bag is damaged; nothing lies under a final name.
        """


# -- the ledger


class PlanUse(Enum):
    """How far a plan was used."""

    UNUSED = "unused"
    OPEN = "open"  # a run of it was interrupted or ended in part: the same plan may resume
    SPENT = "spent"


class MemoryReader(Protocol):
    """Reads what the ledger remembers, which is all of it that a decision needs."""

    def view(self) -> LedgerView:
        """Give what a plan needs.  A ledger that does not exist yet is an empty view.

        Raises:
            LedgerError: it exists and cannot be read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The account that a ledger is of, its lineage, and the marks of the keys seen with it; all empty while it is new.

    A lineage names one ledger for ever; a mark is what `KeyMark.mark` gives of a key.  `rebuilt_at` is when it was made
    anew from the stores, which have no marks; None where it never was.
    """

    account: str = ""
    lineage: str = ""
    marks: tuple[str, ...] = ()
    rebuilt_at: datetime | None = None


class KeyMark(Protocol):
    """Whoever holds the key, or the client pair, that calls are made with."""

    def mark(self, lineage: str) -> str:
        """Give what a ledger of that lineage may keep of the key: the same each time, and never the key (I11)."""


class LedgerReader(MemoryReader, Protocol):
    """Reads the ledger; writes nothing, not even a new database."""

    def entries(self) -> Iterator[Entry]:
        """Give the journal in order of sequence."""

    def receipts(self) -> tuple[Receipt, ...]:
        """Give every receipt, oldest first."""

    def verifications(self) -> Mapping[CopyId, Verified]:
        """Give what is remembered of looks at copies."""

    def binding(self) -> Binding:
        """Give the account that it is of, the keys seen with it, and whether it was made anew."""

    def plan_use(self, plan_id: str) -> PlanUse:
        """Tell how far a plan was used."""

    def audit_events(self) -> Iterator[AuditEvent]:
        """Give the audit chain in order."""

    def newest_events(self) -> Iterator[AuditEvent]:
        """Give the audit chain from its end, as far as somebody reads on."""


class LedgerHistory(LedgerReader, Protocol):
    """The ledger for whoever asks how things stand; writes nothing either."""

    def last_seen(self) -> LastSeen:
        """Give the newest observation's time and the newest run.

        Raises:
            LedgerError: the ledger exists and cannot be read.
        """

    def departure(self, job_id: JobId) -> Departure | None:
        """Tell when and how a job left; None for one that is still expected, or was never seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """What an apply goes by, as it is recorded before its first step.

    `file` are the rules that it takes over as those applied last, None where it takes none.  `rules` tell what they
    lost against those before, `approvals` what the plan allows beyond the file's `limits`.
    """

    file: AppliedFile | None
    rules: RulesCompared | None
    approvals: Approvals
    limits: Limits


class Run(Protocol):
    """One run's right to write.  Every method is durable when it returns, and fails once the lease is lost.

    What `waits` is durable with whatever is recorded next, and with `write_down`, in one transaction with it: it costs
    no wait for the disk of its own (docs/adr/0028).  When that fails, none of it is recorded.
    """

    @property
    def run_id(self) -> str:
        """The run's name."""

    def check_lease(self, seconds: float) -> None:
        """Make sure that the lease outlasts the next `seconds`.

        Raises:
            LockedByAnotherRun: it does not, or another run took it.
        """

    def record_new_list(self, expected: int) -> None:
        """Record, as an audit event, that a list was taken over which shows none of the `expected` jobs."""

    def record_observation(self, inventory: Inventory) -> None:
        """Record sightings: first and last seen, sequence (oldest of the listing first), jobs that left.

        Each job that left before what it last showed was archived is an audit event, once (reconciler.core.losses).
        """

    def record_decision(self, record: DecisionRecord) -> None:
        """Record who waits since when and what becomes of the holds, each step with its audit event, at once."""

    def record_times(self, judged: Judged, source: str, digest: str) -> None:
        """Record imported times of a file of that name and digest, with the audit event of it, at once."""

    def record_key(self, mark: str) -> None:
        """Record the mark of a key as one of the account's, with its audit event."""

    def record_approved(self, approved: Approved) -> None:
        """Record what an apply goes by: its file, and an audit event for each thing that goes beyond it."""

    def use_plan(self, plan_id: str) -> None:
        """Open the one use of a plan, or resume it."""

    def spend_plan(self, plan_id: str) -> None:
        """Close the use of a plan: it cannot be applied again."""

    def append(
        self, job_id: JobId, phase: Phase, fingerprint: str, detail: str = "", *, outlasting_s: float = 0.0
    ) -> None:
        """Add an entry; NOT_CLEANED adds an audit event with it.

        Raises:
            LockedByAnotherRun: the lease does not outlast the next `outlasting_s` seconds; nothing was added.
        """

    def write_down(self) -> None:
        """Make durable what waits; nothing is done where nothing does."""

    def record_archived(self, receipt: VerifiedReceipt, *, waits: bool = False) -> None:
        """Add the receipt, the entry ARCHIVED, the audit event, and the first look at each copy, in one transaction."""

    def record_cleaned(self, job_id: JobId, fingerprint: str, how: str, *, waits: bool = False) -> None:
        """Add the entry CLEANED, mark the job as left and add the audit event, in one transaction.

        `how` is one of `cleaned now`, `already cleaned`, `gone`.
        """

    def record_copied(self, receipt: Receipt, *, store: str, source: str) -> None:
        """Add a receipt with one store more, and the audit event of the copy that was made there from `source`."""

    def record_repaired(self, receipt: Receipt, *, store: str, source: str, aside: str, file: str = "") -> None:
        """Add the audit event of a copy that was made anew from `source`; the damaged one lies at `aside`, if any.

        `file` names the one file that was made anew beside the bag; it is empty where it was the bag.
        """


class Ledger(LedgerReader, Protocol):
    """The ledger of a writing verb."""

    def open_run(self, operation: str, account: str, plan_id: str = "") -> AbstractContextManager[Run]:
        """Take the lease and open a run; on leaving, close it with its outcome and give the lease back.

        The first run of a new ledger makes the database and binds it to `account`.

        Raises:
            LockedByAnotherRun: another run holds the lease.
            GuardRefused: the ledger belongs to another account.
            LedgerError: it cannot be read or written.
        """


class RecordedPlans(Protocol):
    """Keeps saved plans by their names.  Facts: they need no lease."""

    def keep(self, plan_id: str, content: str) -> None:
        """Keep a saved plan, durably.

        Raises:
            LedgerError: the ledger is not there, or cannot be written now.
        """

    def content(self, plan_id: str) -> bytes | None:
        """Give the newest saved plan of that name, None where there is none.

        Raises:
            LedgerError: the ledger exists and cannot be read.
        """


# -- signatures


class Signer(Protocol):
    """Signs with a key that it never shows."""

    @property
    def key_id(self) -> str:
        """The key's name: its kind and 16 hex digits, harmless in names of files."""

    def sign(self, message: bytes) -> bytes:
        """Give the signature of a message: the same each time."""


class SignatureCheck(Protocol):
    """Tells the good signatures of one key."""

    @property
    def key_id(self) -> str:
        """The key's name, as that of its Signer."""

    def is_good(self, message: bytes, signature: bytes) -> bool:
        """Tell whether this key made that signature of that message."""


# -- talk


class Progress(Protocol):
    """What a person watching is told; never part of the product."""

    def say(self, line: str) -> None:
        """Tell one line."""

    def note(self, line: str) -> None:
        """Tell one line about the whole run; the same line is told once."""


class Watch(Protocol):
    """Whoever watches copies being made.  Told by several threads."""

    def expect(self, jobs: int, size: int | None) -> None:
        """So many jobs will be copied, of so many bytes all together, None where that is not known."""

    def ended(self) -> None:
        """One more of them has come to its end."""

    def coming(self, name: str, size: int | None, there: int) -> AbstractContextManager[Callable[[int], None]]:
        """A file comes in this block, of which `there` bytes are there already; what it gives takes each further count.

        `name` is as the service has it; `size` is None where the host tells none.
        """


class CopyProgress(Progress, Watch, Protocol):
    """Both."""


class Stop(Protocol):
    """Whether the run was asked to stop."""

    def requested(self) -> int:
        """Give the number of the signal that asked to stop, 0 if none did."""
