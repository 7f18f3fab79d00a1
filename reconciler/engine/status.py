"""How things stand: the ledger's part, which is always told, and the service's part, which may be out of reach."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.drift import Drift, DriftKind
from reconciler.core.drift_finding import recorded_drift
from reconciler.core.losses import Loss, recorded_losses
from reconciler.core.receipt import Receipt
from reconciler.core.steps import Entry, IllegalPhase, dangling
from reconciler.engine.account import Quota, ResultDates, RunSeen
from reconciler.engine.copies import BagState, CopyId, Verified
from reconciler.engine.ports import Clock, LedgerHistory, QuotaReader, TimesReader
from reconciler.engine.verifying import bags_of
from reconciler.errors import AuthenticationRefused, LedgerError, ReconcilerError, ServiceError, ServiceUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """One store as the ledger knows it.

    `copies` of bags it holds, one of each, `size` their bytes.  `oldest_whole` is the longest ago that one of them was
    last read and found whole, None where there is none such; `never_whole` counts those without any such time.
    `damaged` and `missing` were found so when they were last looked at.
    """

    address: str
    copies: int
    size: int
    oldest_whole: datetime | None
    never_whole: int = 0
    damaged: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStatus:
    """What the ledger holds; all zero and None where there is none yet.

    `left` of the `jobs` known were cleaned or have gone.  `archived_bytes` counts each bag once, in one store.
    `protected` jobs have a hold of a `protect` rule in the ledger; of those, no rule keeps the `unkept` any more.
    `dangling` has the cleans of which it is not known whether they arrived.  `stores` has a line for each store that a
    receipt names, as of the ledger: no store is read.  `lost` are all jobs that left unarchived, oldest first.
    `drift` is what else is not as expected, as of the newest observation, as far as the ledger alone tells.
    """

    account: str = ""
    jobs: int = 0
    left: int = 0
    observed_at: datetime | None = None
    archived_jobs: int = 0
    archived_bytes: int = 0
    protected: int = 0
    unkept: int = 0
    dangling: tuple[Entry, ...] = ()
    newest_run: RunSeen | None = None
    archived_bags: int = 0
    stores: tuple[StoreStatus, ...] = ()
    lost: tuple[Loss, ...] = ()
    drift: tuple[Drift, ...] = ()

    @property
    def copies(self) -> int:
        """How many copies of bags there should be in all stores together."""
        return sum(store.copies for store in self.stores)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """What the service told; None for what it did not.  `problem` says why: the first error that was met."""

    quota: Quota | None = None
    results: ResultDates | None = None
    problem: ReconcilerError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How things stand at `as_of`; `service` is None where it was not asked.  `account` is the name in the file."""

    account: str
    as_of: datetime
    ledger: LedgerStatus
    service: ServiceStatus | None

    @property
    def is_other_account(self) -> bool:
        """Whether the ledger is bound to another account than the file names."""
        return bool(self.ledger.account) and self.ledger.account != self.account

    @property
    def exit_code(self) -> int:
        """0, or the exit code of what the service met."""
        problem = self.service.problem if self.service else None
        return problem.exit_code if problem else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReaders:
    """What asks the service about the account; nothing here can write."""

    quota: QuotaReader
    times: TimesReader


AskService = Callable[[], AbstractContextManager[AccountReaders]]


def look(account: str, ledger: LedgerHistory, clock: Clock, ask: AskService | None) -> Status:
    """Tell how things stand; `ask` opens the way to the service, and without it the service is not asked.

    Raises:
        LedgerError: the ledger exists and cannot be read.
    """
    held = ledger_status(ledger)
    return Status(account=account, as_of=clock.now(), ledger=held, service=service_status(ask) if ask else None)


def ledger_status(ledger: LedgerHistory) -> LedgerStatus:
    """Sum up the ledger.

    Raises:
        LedgerError: it exists and cannot be read, or its journal is in no order that we write.
    """
    view, last = ledger.view(), ledger.last_seen()
    bags = bags_of(ledger.receipts())
    protected = [known.holds for known in view.jobs.values() if known.holds]
    try:
        open_cleans = dangling(ledger.entries())
    except IllegalPhase as error:
        raise LedgerError(f"the ledger's journal does not hold: {error}", hint="Restore it from a backup.") from error
    return LedgerStatus(
        account=view.account,
        jobs=len(view.jobs),
        left=sum(known.left for known in view.jobs.values()),
        observed_at=last.observed_at,
        archived_jobs=len({receipt.job_id for receipt in bags}),
        archived_bytes=sum(receipt.size for receipt in bags),
        protected=len(protected),
        unkept=sum(all(hold.unkept_since for hold in holds) for holds in protected),
        dangling=open_cleans,
        newest_run=last.run,
        archived_bags=len(bags),
        stores=_stores(bags, ledger.verifications()),
        lost=recorded_losses(view),
        drift=tuple(each for each in recorded_drift(view) if each.kind is not DriftKind.LOST_BEFORE_ARCHIVE),
    )


def _stores(bags: Sequence[Receipt], verified: Mapping[CopyId, Verified]) -> tuple[StoreStatus, ...]:
    held: dict[str, list[Receipt]] = {}
    for receipt in bags:
        for store in receipt.stores:
            held.setdefault(store, []).append(receipt)
    return tuple(_store(address, held[address], verified) for address in sorted(held))


def _store(address: str, bags: Sequence[Receipt], verified: Mapping[CopyId, Verified]) -> StoreStatus:
    known = [verified.get(CopyId.of(receipt, address)) for receipt in bags]
    whole = [each.whole_at for each in known if each and each.whole_at]
    states = Counter(each.state for each in known if each)
    return StoreStatus(
        address=address,
        copies=len(bags),
        size=sum(receipt.size for receipt in bags),
        oldest_whole=min(whole, default=None),
        never_whole=len(bags) - len(whole),
        damaged=states[BagState.DAMAGED],
        missing=states[BagState.MISSING],
    )


def service_status(ask: AskService) -> ServiceStatus:
    """Ask the service.  What it does not answer is told, not raised: the ledger's part is worth having without it."""
    quota: Quota | None = None
    results: ResultDates | None = None
    problem: ReconcilerError | None = None
    try:
        with ask() as readers:
            try:
                quota = readers.quota.quota()
            except ServiceUnreachable:
                raise  # the lists would only wait as long again for nothing
            except ServiceError as error:
                problem = error
            results = readers.times.result_dates()
    except (ServiceError, AuthenticationRefused) as error:
        problem = problem or error
    return ServiceStatus(quota=quota, results=results, problem=problem)
