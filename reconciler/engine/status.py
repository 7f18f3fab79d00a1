"""How things stand: the ledger's part, which is always told, and the service's part, which may be out of reach."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.receipt import Receipt
from reconciler.core.steps import Entry, IllegalPhase, dangling
from reconciler.engine.account import Quota, ResultDates, RunSeen
from reconciler.engine.ports import LedgerHistory, QuotaReader, TimesReader
from reconciler.errors import AuthenticationRefused, LedgerError, ReconcilerError, ServiceError, ServiceUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStatus:
    """What the ledger holds; all zero and None where there is none yet.

    `left` of the `jobs` known were cleaned or have gone.  `archived_bytes` counts each bag once, in one store.
    `protected` jobs have a hold of a `protect` rule in the ledger; of those, no rule keeps the `unkept` any more.
    `dangling` has the cleans of which it is not known whether they arrived.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """What the service told; None for what it did not.  `problem` says why: the first error that was met."""

    quota: Quota | None = None
    results: ResultDates | None = None
    problem: ReconcilerError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How things stand; `service` is None where it was not asked.  `account` is the name in the file."""

    account: str
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


def look(account: str, ledger: LedgerHistory, ask: AskService | None) -> Status:
    """Tell how things stand; `ask` opens the way to the service, and without it the service is not asked.

    Raises:
        LedgerError: the ledger exists and cannot be read.
    """
    held = ledger_status(ledger)
    return Status(account=account, ledger=held, service=service_status(ask) if ask else None)


def ledger_status(ledger: LedgerHistory) -> LedgerStatus:
    """Sum up the ledger.

    Raises:
        LedgerError: it exists and cannot be read, or its journal is in no order that we write.
    """
    view, last = ledger.view(), ledger.last_seen()
    bags = _bags(ledger.receipts())
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
        archived_jobs=len({receipt.job_id for receipt in bags.values()}),
        archived_bytes=sum(receipt.size for receipt in bags.values()),
        protected=len(protected),
        unkept=sum(all(hold.unkept_since for hold in holds) for holds in protected),
        dangling=open_cleans,
        newest_run=last.run,
    )


def _bags(receipts: tuple[Receipt, ...]) -> dict[str, Receipt]:
    # A bag that was there before is proved again and has a receipt each time; its bytes are there once.
    return {receipt.bag: receipt for receipt in receipts}


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
