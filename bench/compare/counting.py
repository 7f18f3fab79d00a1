"""What a program lost, from outside: the emulator's truth against the bytes in the program's output folder.

Every file found there counts by its hash, wherever it lies and whatever it is called, and each copy for one job only,
so that one job's copy does not pass for another's.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.compare.account import Job, Json


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the jobs of one account: every job is in one of the three."""

    lost: tuple[Job, ...]
    safe: tuple[Job, ...]
    left: tuple[Job, ...]

    @property
    def shown(self) -> str:
        """Give the three numbers."""
        return f"{len(self.lost)} / {len(self.safe)} / {len(self.left)}"

    @property
    def lost_in_words(self) -> str:
        """Name what was lost, by kind: `5 renders, 1 retained transcription`."""
        kinds = Counter(f"retained {job.kind}" if job.is_retained else job.kind for job in self.lost)
        return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in kinds.items())


def tally(jobs: Sequence[Job], truth: Mapping[str, Json], folder: Path) -> Tally:
    """Sort the jobs: lost, cleaned safely, left alone.

    A cleaned job is lost when it was to be retained, or when not all of its content lies below `folder`.
    """
    contents = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    copies = Counter(hashlib.sha256(content).hexdigest() for content in contents)
    lost, safe, left = [], [], []
    for job in jobs:
        told = truth[job.job_id]
        needed = Counter(file["sha256"] for file in told["files"].values())
        if told["cleaned_by"] is None:
            left.append(job)
        elif job.is_retained or not needed <= copies or not _has_text(job, contents):
            lost.append(job)
        else:
            copies -= needed
            safe.append(job)
    return Tally(tuple(lost), tuple(safe), tuple(left))


def _has_text(job: Job, contents: Sequence[bytes]) -> bool:
    """Tell whether a job without inline text, or its transcript or its subtitles, are there.

    Either will do, since each can be made from the other.
    """
    wanted = [job.data[name] for name in ("transcript", "srt") if name in job.data]
    return not wanted or any(value in wanted for content in contents for value in _values(content))


def _values(content: bytes) -> Iterator[object]:
    """Give a file's text, and if it is JSON every value in it."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    yield text
    try:
        yield from _within(json.loads(text))
    except ValueError:
        return


def _within(value: object) -> Iterator[object]:
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from _within(each)
