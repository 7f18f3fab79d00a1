"""Jobs that others need: what a kept job was made from, or what was made from it, stays with it.

Relations only ever add holds.  Two jobs are related when they show one project; a link of the file says what one needs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.core.desired import Link
from reconciler.core.job import JobId
from reconciler.core.subjects import Subject


def needed(
    free: Sequence[Subject], staying: Iterable[Subject], links: Sequence[Link], left: frozenset[JobId]
) -> dict[JobId, str]:
    """Tell which of the `free` jobs are held by a staying one, each with a sentence.

    `staying` are the jobs that are retained, held or expected and not listed.  `left` are jobs that were cleaned or are
    gone: a link of theirs asks for nothing; a link of any job that is neither free nor left does.
    """
    waiting = {subject.id: subject for subject in free}
    wanted = {subject.project for subject in free if subject.project}
    blocked = {subject.project: subject.id for subject in staying if subject.project in wanted}
    held: dict[JobId, str] = {}
    grew = True
    while grew:
        found = dict(_by_links(waiting, links, left))
        found |= {
            subject.id: f"shares project {subject.project} with {blocked[subject.project]}, which stays"
            for subject in waiting.values()
            if subject.project in blocked and subject.id not in found
        }
        for job_id in found:
            subject = waiting.pop(job_id)
            if subject.project:
                blocked.setdefault(subject.project, job_id)
        held |= found
        grew = bool(found)
    return held


def _by_links(
    waiting: Mapping[JobId, Subject], links: Sequence[Link], left: frozenset[JobId]
) -> Iterator[tuple[JobId, str]]:
    for link in links:
        if link.job in waiting or link.job in left:
            continue
        for need in link.needs:
            if need in waiting:
                yield need, f"job {link.job} needs it, and is not known to have gone"
