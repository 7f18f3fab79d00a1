"""What the audit tells of a run that was refused: by what, and where it is ours to say, why."""

from reconciler.errors import GuardRefused, Interrupted, LockedByAnotherRun, PlanRefused, ReconcilerError

LONGEST = 500
SAYS_WHY = (GuardRefused, PlanRefused, LockedByAnotherRun)
"""Errors whose words are ours alone: numbers, limits, names of the file's keys, and who holds the lease."""


def refusal_facts(error: BaseException) -> tuple[tuple[str, str], ...]:
    """Give the facts of a refusal; none for what is no refusal."""
    if not isinstance(error, ReconcilerError):
        return ()
    field = (("field", error.field),) if isinstance(error, PlanRefused) else ()
    why = (("why", error.message[:LONGEST]),) if isinstance(error, SAYS_WHY) else ()
    code = 128 + error.signal_number if isinstance(error, Interrupted) else error.exit_code
    return (("code", str(code)), *field, *why)
