"""The account that each program meets: what a team wants to go, what it wants to keep, and one job that still runs."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the account.  `kind` is what the page calls it, `sizes` what is asked of its films, in bytes."""

    name: str
    kind: str
    data: Json
    is_retained: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def job_id(self) -> str:
        """Give an id of the usual form, the same in each run."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self.name))

    @property
    def body(self) -> Json:
        """Give what the service answers for it."""
        return {"job_id": self.job_id, "success": self.data["status"] != "failed", "data": self.data}

    @property
    def listed(self) -> Json:
        """Give its item in the list."""
        return {"success": self.data["status"] != "failed", "data": {**self.data, "jobId": self.job_id}}

    @property
    def is_to_go(self) -> bool:
        """Tell whether the team wants it gone: it has ended, and no rule keeps it."""
        return not self.is_retained and self.data["status"] != "in-progress"


def account(*, as_the_samples_expect: bool) -> tuple[Job, ...]:
    """Give the jobs, newest first: three to keep and five films, two interviews and a failure to go."""
    film = _film_alone() if as_the_samples_expect else _film_with_all()
    return (
        Job("running", "running job", {"status": "in-progress", "renderProgress": 37, "renderState": "RUNNING"}),
        Job("launch", "render", film, is_retained=True),
        Job("trailer", "render", film, is_retained=True),
        Job("board", "transcription", _interview("The board met in May."), is_retained=True),
        *(Job(f"film-{number}", "render", film) for number in range(1, 6)),
        Job("baker", "transcription", _interview("The baker rises at four.")),
        Job("miller", "transcription", _interview("The mill stands by the tide.")),
        Job("broken", "failed job", {"status": "failed", "error_code": "TEXT_TO_VIDEO_FAILED", "error_message": "No."}),
    )


def _film_alone() -> Json:
    return {"status": "completed", "outputUrl": "asset:VIDEO/film.mp4"}


def _film_with_all() -> Json:
    return {
        "status": "completed",
        "progress": 100,
        "videoURL": "asset:VIDEO/film.mp4",
        "audioURL": "asset:audio/film.mp3",
        "thumbnail": "asset:image/t.jpg",
        "srtFile": "asset:text/subtitles/a.srt",
        "vttFile": "asset:text/subtitles/b.vtt",
        "txtFile": "asset:text/subtitles/c.txt",
        "videoDuration": 8.0,
    }


def _interview(text: str) -> Json:
    words = [
        {"uid": f"w{at}", "word": word, "start_time": at * 0.5, "end_time": at * 0.5 + 0.4, "speakerId": 1}
        for at, word in enumerate(text.split())
    ]
    return {
        "status": "completed",
        "transcript": [{"uid": "s1", "speakerId": 1, "words": words}],
        "txt": text,
        "srt": f"1\n00:00:00,000 --> 00:00:03,000\n{text}\n",
        "vtt": f"WEBVTT\n\n1\n00:00:00.000 --> 00:00:03.000\n{text}\n",
    }
