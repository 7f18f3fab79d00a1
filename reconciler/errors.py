"""Every error a user can meet: one tree, one exit code per class, and a next step in each.

ReconcilerError                      1   anything below not listed apart
├─ UsageRefused                     64   the command was called in a way it does not allow
├─ DesiredStateInvalid              10   the file; carries every problem with its place
├─ CannotFormat                      1   fmt would change what the file means, or does not know its layout
├─ ServiceError                      1   the service did not answer as it should
│  ├─ ServiceUnreachable             1   no answer, or 429/5xx for good
│  └─ ServiceAnswerUnreadable        1   an answer that cannot be understood
├─ AuthenticationRefused            11   no credentials, or some that the service refuses
├─ InventoryIncomplete               6   the listing is not whole, or contradicts what is known
│  └─ SnapshotRefused                6   a snapshot that is not whole, of another version, or of another account
├─ GuardRefused                      4   a limit is exceeded; carries every violation
├─ PlanRefused                       5   the plan may not be applied; names the field
├─ LedgerError                       1   the ledger cannot be read or written
│  ├─ LedgerBusy                     1   another program's transaction does not end
│  └─ AuditBroken                    1   the audit chain does not hold
├─ LockedByAnotherRun                7   somebody else holds the lease, or it was lost
├─ ArchiveError                      8   a copy could not be made or proved
│  ├─ LinkRefused                    8   a file's link does not lead to it: expired, or the file is gone
│  └─ StoreNotWritable               8   the archive cannot take more: the run stops
│     └─ WorkersLost                 8   the workers that copy cannot be reached, or are not as this program
├─ OutputLost                        1   what a verb had to say could not be written
└─ Interrupted             129/130/143   a signal; the jobs in hand were finished or left whole
   └─ StoppedWhileIdle     129/130/143   the same where no job was in hand

The exit-code table of the README is generated from `EXIT_CODES`, and a test holds the two together.
"""

from typing import ClassVar


class ReconcilerError(Exception):
    """What went wrong, to which job or line, with the numbers; `hint` says what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageRefused(ReconcilerError):
    """The command was called in a way it does not allow."""

    exit_code = 64


class DesiredStateInvalid(ReconcilerError):
    """The desired-state file cannot be used.  `problems` holds one line per error, each with file:line:column."""

    exit_code = 10

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CannotFormat(ReconcilerError):
    """The file cannot be put in order without a change of what it means; nothing was written."""


class ServiceError(ReconcilerError):
    """The service did not answer as it should."""


class ServiceUnreachable(ServiceError):
    """A call got no usable answer however often it was tried; names the call and how long it was tried."""


class ServiceAnswerUnreadable(ServiceError):
    """An answer came, but it is not what the call answers."""


class AuthenticationRefused(ReconcilerError):
    """No key and no client pair was found, or the service refused it.  Never shows it."""

    exit_code = 11


class InventoryIncomplete(ReconcilerError):
    """The job list could not be read to its end, or contradicts what is known; nothing is decided from it (I2)."""

    exit_code = 6


class SnapshotRefused(InventoryIncomplete):
    """A snapshot cannot stand for the live list: it is cut, edited, of another version, or of another account."""


class GuardRefused(ReconcilerError):
    """The plan exceeds what the file allows.  `violations` holds one sentence per guard."""

    exit_code = 4

    def __init__(self, violations: tuple[str, ...]) -> None:
        super().__init__("\n".join(violations))
        self.violations = violations


class PlanRefused(ReconcilerError):
    """The plan may not be applied (I3).  `field` names what does not fit."""

    exit_code = 5

    def __init__(self, message: str, *, field: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class LedgerError(ReconcilerError):
    """The ledger cannot be read or written.  Never answered by starting an empty one."""


class LedgerBusy(LedgerError):
    """Another program's transaction on the ledger lasts longer than this one waits for it."""


class AuditBroken(LedgerError):
    """The audit chain does not hold: a row was changed, removed or put in."""


class LockedByAnotherRun(ReconcilerError):
    """Another run holds the lease, or took it over from this one."""

    exit_code = 7


class ArchiveError(ReconcilerError):
    """A copy could not be made, or could not be proved whole; its job is not cleaned (I1)."""

    exit_code = 8


class LinkRefused(ArchiveError):
    """A host does not give the file at its link: it may have expired, and the job's own answer has a fresh one."""


class StoreNotWritable(ArchiveError):
    """The archive cannot take any more (no space, no rights, gone): the run stops."""


class WorkersLost(StoreNotWritable):
    """Whoever copies cannot be reached any more, or may not copy: the archive takes no more by them, the run stops."""


class OutputLost(ReconcilerError):
    """What a verb had to say could not be written to where its output leads; what it did stays done."""


class Interrupted(ReconcilerError):
    """A signal asked the run to stop."""

    exit_code = 130

    def __init__(self, message: str, *, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number


class StoppedWhileIdle(Interrupted):
    """A signal asked to stop while no job was in hand; nothing was begun that would have to be settled."""


TIME_IS_UP = 9
"""The exit code of a run that ended as `--max-duration` asked."""

EXIT_CODES: tuple[tuple[int, str], ...] = (
    (0, "done; with `--detailed-exitcode`: no changes"),
    (1, "an error not listed below"),
    (2, "only with `plan --detailed-exitcode`: changes pending"),
    (3, "finished in part: some jobs failed or were skipped"),
    (4, "refused by a guard (a limit, an empty file, lost rules, another key, ...)"),
    (5, "plan refused: edited, expired, used, not signed as asked, of another account or file"),
    (6, "inventory incomplete or contradictory, or a snapshot that is not whole or of another account"),
    (7, "locked by another run"),
    (8, "an archive failed its proof, or the store cannot be written"),
    (TIME_IS_UP, "stopped where `--max-duration` ended, cleanly; the same command goes on"),
    (10, "desired-state file invalid"),
    (11, "authentication refused"),
    (64, "usage"),
    (129, "stopped by SIGHUP, cleanly: the terminal hung up"),
    (130, "stopped by SIGINT, cleanly"),
    (143, "stopped by SIGTERM, cleanly"),
)
