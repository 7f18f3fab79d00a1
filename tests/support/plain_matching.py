"""Who owns a job, by the specification alone.  Answers are True, False, and None for "cannot be told"."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.desired import GroupKey
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.selectors import (
    AllOf,
    AnyOf,
    EveryJob,
    IdIn,
    IdLike,
    NameLike,
    NotOf,
    ProjectLike,
    Selector,
    StatusIn,
    TypeIn,
)

WITHOUT_NAME_OR_PROJECT = {JobType.TRANSCRIPTION, JobType.HIGHLIGHTS, JobType.IMAGE, JobType.VIDEO}
"""Jobs of these types never have one, so that one which is not shown is certainly not there."""

SAID = {JobStatus.IN_PROGRESS, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CLEANED}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a selector may look at; "" and UNKNOWN are what is not shown."""

    id: JobId
    type: JobType
    status: JobStatus
    name: str
    project: str


def owns(selector: Selector, job: Seen) -> bool | None:
    """§5.2: keys AND, lists OR, any/all/not nest; a missing attribute is "cannot be told", never "no"."""
    match selector:
        case EveryJob():
            return True
        case AllOf(parts):
            return lowest(owns(part, job) for part in parts)
        case AnyOf(parts):
            return highest(owns(part, job) for part in parts)
        case NotOf(part):
            inner = owns(part, job)
            return None if inner is None else not inner
        case _:
            return owns_by_attribute(selector, job)


def owns_by_attribute(selector: IdIn | IdLike | TypeIn | StatusIn | NameLike | ProjectLike, job: Seen) -> bool | None:
    """One key of `match`, and the attribute that it asks for."""
    match selector:
        case IdIn(ids, _):
            return job.id in set(ids)
        case IdLike(globs):
            return any(glob_fits(glob, job.id) for glob in globs)
        case TypeIn(types):
            return None if job.type is JobType.UNKNOWN else job.type in set(types)
        case StatusIn(statuses):
            return job.status in set(statuses) if job.status in SAID else None
        case NameLike(globs):
            return text_fits(globs, job.name, job.type)
        case ProjectLike(globs):
            return text_fits(globs, job.project, job.type)


def lowest(answers: Iterable[bool | None]) -> bool | None:
    """A conjunction: one certain "no" decides; else one "cannot be told" does."""
    given = list(answers)
    return False if False in given else None if None in given else True


def highest(answers: Iterable[bool | None]) -> bool | None:
    """A disjunction: one certain "yes" decides; else one "cannot be told" does."""
    given = list(answers)
    return True if True in given else None if None in given else False


def text_fits(globs: tuple[str, ...], shown: str, job_type: JobType) -> bool | None:
    """A name or project that is not shown: a certain no where the type never has one, else nobody can tell."""
    if shown:
        return any(glob_fits(glob, shown) for glob in globs)
    return False if job_type in WITHOUT_NAME_OR_PROJECT else None


def glob_fits(glob: str, text: str) -> bool:
    """Whole string, `*` and `?`, a backslash takes what follows literally, by case, Unicode NFC: by a table."""
    pattern = glob_parts(unicodedata.normalize("NFC", glob))
    text = unicodedata.normalize("NFC", text)
    fits = [[False] * (len(text) + 1) for _ in range(len(pattern) + 1)]
    fits[0][0] = True
    for row, (kind, letter) in enumerate(pattern, start=1):
        for column in range(len(text) + 1):
            if kind == "many":
                fits[row][column] = fits[row - 1][column] or (column > 0 and fits[row][column - 1])
            elif column > 0 and (kind == "one" or text[column - 1] == letter):
                fits[row][column] = fits[row - 1][column - 1]
    return fits[-1][-1]


def glob_parts(glob: str) -> list[tuple[str, str]]:
    """Split a glob into what each sign asks for: any run, any one sign, or this very sign."""
    parts, place = [], 0
    while place < len(glob):
        sign = glob[place]
        if sign == "\\" and place + 1 < len(glob):
            place += 1
            parts.append(("letter", glob[place]))
        else:
            parts.append({"*": ("many", ""), "?": ("one", "")}.get(sign, ("letter", sign)))
        place += 1
    return parts


def group_of(keys: tuple[GroupKey, ...], job: Seen) -> tuple[str, ...] | None:
    """§5.3: the group a rule puts a job into; one value that cannot be told, and the group cannot."""
    values = [group_value(key, job) for key in keys]
    return None if None in values else tuple(value for value in values if value is not None)


def group_value(key: GroupKey, job: Seen) -> str | None:
    """A type, or a name or project that is shown, or "" where a job of its type certainly has none."""
    if key is GroupKey.TYPE:
        return None if job.type is JobType.UNKNOWN else job.type.value
    shown = job.name if key is GroupKey.NAME else job.project
    return shown if shown or job.type in WITHOUT_NAME_OR_PROJECT else None
