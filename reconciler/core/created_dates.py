"""Evidence of time: what tells when a job was made.  What could be about two jobs, or says two times, tells nothing.

The AI Studio lists show results with their `createdDate` and no job id; a result is a job's when their addresses are
equal.  A signed link differs at every reading, so where either side is signed both count without query and fragment,
as they do in a fingerprint (core.job).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from reconciler.core.job import AssetForm, Job, JobId, without_query

RESULT_FIELD = "url"
"""The field of a job that an AI Studio list shows too."""

SIGNS = frozenset({"signature", "x-amz-signature", "x-goog-signature", "sig", "policy", "key-pair-id", "token"})
"""Names in a query, in lower case, that say that the link is signed."""


def is_signed(address: str) -> bool:
    """Tell whether an address carries a signature in its query."""
    try:
        query = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    except ValueError:  # no parser takes it apart; it can only be compared whole
        return False
    return any(name.lower() in SIGNS for name, _ in query)


def created_dates(jobs: Iterable[Job], dates: Mapping[str, datetime]) -> Mapping[JobId, datetime]:
    """Give the date of each job whose result's address is dated, and of no other job.

    A job whose address is another job's too, or is dated twice with different dates, gets none.
    """
    owners: dict[str, list[tuple[str, JobId]]] = defaultdict(list)
    for job in jobs:
        for address in sorted(_results(job)):
            owners[without_query(address)].append((address, job.id))
    dated: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for address, date in dates.items():
        bare = without_query(address)
        if bare in owners:
            dated[bare].append((address, date))
    found: dict[JobId, set[datetime]] = defaultdict(set)
    unclear: set[JobId] = set()
    for bare, theirs in dated.items():
        alike = any(is_signed(address) for address, _ in (*owners[bare], *theirs))
        _join(owners[bare], theirs, found, unclear, alike=alike)
    return {job_id: min(days) for job_id, days in found.items() if len(days) == 1 and job_id not in unclear}


def _join(
    owners: Iterable[tuple[str, JobId]],
    dated: Iterable[tuple[str, datetime]],
    found: dict[JobId, set[datetime]],
    unclear: set[JobId],
    *,
    alike: bool,
) -> None:
    """Join addresses that are equal but for their query; `alike`: the query tells them apart no further."""
    jobs: dict[str, set[JobId]] = defaultdict(set)
    for address, job_id in owners:
        jobs["" if alike else address].add(job_id)
    for theirs in jobs.values():
        if len(theirs) > 1:
            unclear |= theirs
    for address, date in dated:
        for job_id in jobs.get("" if alike else address, ()):
            found[job_id].add(date)


def _results(job: Job) -> set[str]:
    return {asset.address for asset in job.assets if asset.form is AssetForm.FILE and asset.field == RESULT_FIELD}
