"""Jobs that others need: what a kept job was made from, or what was made from it, stays with it.

Relations only ever add holds.  Two jobs are related when they show one project; a link of the file says what one needs.
"""

from collections.abc import Iterator, Mapping, Sequence

from reconciler.core.desired import Link
from reconciler.core.job import JobId
from reconciler.core.subjects import Subject


def needed(
    free: Sequence[Subject], staying: Sequence[Subject], links: Sequence[Link], left: frozenset[JobId]
) -> dict[JobId, str]:
    """Tell which of the `free` jobs are held by a staying one, each with a sentence.

    `staying` are the jobs that are retained, held or expected and not listed.  `left` are jobs that were cleaned or are
    gone: a link of theirs asks for nothing; a link of any job that is neither free nor left does.
    """
    blocked = _blocked(free, staying)
    held = {subject.id: _shares(subject, blocked) for subject in free if subject.project in blocked}
    if not links:
        return held
    waiting = {subject.id: subject for subject in free if subject.id not in held}
    while found := dict(_by_links(waiting, links, left)):
        # What a link holds holds its relatives in turn.
        blocked = {waiting[job_id].project: job_id for job_id in found if waiting[job_id].project}
        found |= {
            subject.id: _shares(subject, blocked)
            for subject in waiting.values()
            if subject.project in blocked and subject.id not in found
        }
        held |= found
        waiting = {job_id: subject for job_id, subject in waiting.items() if job_id not in found}
    return held


def _blocked(free: Sequence[Subject], staying: Sequence[Subject]) -> dict[str, JobId]:
    """Give a staying job of each project, of those at least that a free job shows."""
    if len(staying) < len(free):
        return {subject.project: subject.id for subject in staying if subject.project}
    wanted = {subject.project for subject in free if subject.project}
    return {subject.project: subject.id for subject in staying if subject.project in wanted}


def _shares(subject: Subject, blocked: Mapping[str, JobId]) -> str:
    return f"shares project {subject.project} with {blocked[subject.project]}, which stays"


def _by_links(
    waiting: Mapping[JobId, Subject], links: Sequence[Link], left: frozenset[JobId]
) -> Iterator[tuple[JobId, str]]:
    for link in links:
        if link.job in waiting or link.job in left:
            continue
        for need in link.needs:
            if need in waiting:
                yield need, f"job {link.job} needs it, and is not known to have gone"
