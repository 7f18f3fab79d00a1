"""What is so, whatever the account says: what was cleaned, by which request and when, and what the files hold."""

from collections.abc import Iterator
from itertools import islice

from reconciler.emulator import media
from reconciler.emulator.clock import utc_text
from reconciler.emulator.drafts import Draft
from reconciler.emulator.media import Media
from reconciler.emulator.state import State
from reconciler.emulator.world import FAR_MS, Phase, folder, stated

MOST = 20_000
"""Jobs that one answer tells of."""


class TooMany(ValueError):
    """There are more jobs than one answer tells of."""


def truth(state: State, job_ids: list[str]) -> dict[str, object]:
    """Tell what is so of these jobs, or of all.

    Raises:
        TooMany: all are asked for, and they are more than MOST.
    """
    if not job_ids and state.world.how_many() > MOST:
        raise TooMany(f"there are more than {MOST} jobs; ask for some: ?job=ID&job=ID")
    drafts = _named(state, job_ids) if job_ids else islice(state.world.before(FAR_MS), MOST)
    return {draft.job_id: _of(state, draft) for draft in drafts}


def _named(state: State, job_ids: list[str]) -> Iterator[Draft]:
    found = (state.world.find(job_id) for job_id in job_ids)
    return (draft for draft in found if draft is not None)


def _of(state: State, draft: Draft) -> dict[str, object]:
    asked_ms = state.world.cleaned_ms.get(draft.job_id)
    phase = state.world.phase(draft, state.world.clock.now_ms())
    return {
        "cleaned": phase is Phase.CLEANED,
        "cleaned_by": state.cleaned_by.get(draft.job_id),
        "clean_asked_at": None if asked_ms is None else utc_text(asked_ms),
        "status": "in-progress" if phase is Phase.RUNNING else stated(draft),
        "files": {f"{folder(draft.job_id)}/{path}": _file(media.made(spec)) for path, spec in draft.files.items()},
        "inputs": {path: state.world.file(path) is not None for path in draft.inputs},
    }


def _file(file: Media) -> dict[str, object]:
    return {"size": file.size, "sha256": file.digest("sha256")}
