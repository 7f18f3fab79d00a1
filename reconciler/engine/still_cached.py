"""Whether the files of cleaned jobs still answer: caches keep them for a while, and the service tells nobody how long.

Each is asked for once, beside the run and by no one it waits for.  What comes of it is told and decides nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from reconciler.core.job import Asset, JobId
from reconciler.engine.outcome import JobResult, Outcome


class CacheLooks(Protocol):
    """Looks for the files of jobs that were cleaned; sends GET only, never the key, and never fails."""

    def begin(self, job_id: JobId, assets: Iterable[Asset]) -> None:
        """Have the files looked for, each once, by somebody else: this returns at once."""

    def found(self) -> Mapping[JobId, tuple[str, ...]]:
        """Give the kinds of files that still answer, of each job that was looked for to the end.

        Waits a moment for what is on its way, and no longer: what has not come in by then is left out.
        """


class ArchivedFiles(Protocol):
    """Tells where the files of jobs were that are cleaned: the archive has it."""

    def files(self, job_id: JobId, fingerprint: str) -> tuple[Asset, ...]:
        """Give the files of a job as it was archived with these facts; none where no store can tell.  Never fails."""


def with_looks(results: Sequence[JobResult], looks: CacheLooks) -> tuple[JobResult, ...]:
    """Give the results with what was found of each that is cleaned."""
    found = looks.found()
    return tuple(
        replace(result, still_cached=found[result.job_id])
        if result.outcome is Outcome.CLEANED and result.job_id in found
        else result
        for result in results
    )
