"""The account a fresh emulator shows: jobs of every type and state, the odd ones among them, the same for a seed."""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.emulator import media
from reconciler.emulator.media import Media

Body = dict[str, object]

VIDEO_BYTES = 240_000


@dataclass(frozen=True)
class Draft:
    """A job to be: its bodies with `asset:` addresses, and the files these name, by path below the job's folder."""

    job_id: str
    got: Body
    listed: Body
    files: dict[str, Media] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What a shape is made from: a number of its own, a subject to speak of, and how large its video is."""

    number: int
    job_id: str
    subject: str
    video_bytes: int

    @property
    def text(self) -> str:
        """Three sentences."""
        return f"This is the story of {self.subject}. It begins early. It ends well"

    @property
    def slug(self) -> str:
        """The subject as a file name."""
        return self.subject.replace(" ", "-")

    @property
    def stamp(self) -> str:
        """The head of a project or share id: a time, newest jobs latest."""
        return f"2026{1 + self.number % 12:02d}{1 + self.number % 28:02d}0915{self.number % 60:02d}123"


SUBJECTS = (
    *("an orchard", "the night train", "a small bakery", "the tide mill", "our new office", "a quiet harbour"),
    *("the winter sale", "a bicycle repair", "the annual report", "two lighthouses", "a good question"),
)

Shape = tuple[Body, dict[str, Media]]
"""What stands in `data`, and the files."""


def render(facts: Facts, *, share: str = "videoShareURL", folder: str = "VIDEO") -> Shape:
    """A finished render, project render or rendered template."""
    name = facts.slug
    files = {
        f"{folder}/{name}.mp4": media.video(facts.number, facts.video_bytes),
        f"audio/{name}.mp3": media.mp3(facts.number),
        "image/t.jpg": media.jpeg(facts.number),
        "text/subtitles/a.srt": media.srt(facts.text),
        "text/subtitles/b.vtt": media.vtt(facts.text),
        "text/subtitles/c.txt": media.txt(facts.text),
    }
    video, audio, thumbnail, srt, vtt, txt = (f"asset:{path}" for path in files)
    shared = f"https://video.pictory.ai/{facts.stamp}c0ffee/{facts.stamp}QwErTy{facts.number:010d}"
    return {
        "status": "completed",
        "progress": 100,
        "videoURL": video,
        "audioURL": audio,
        "thumbnail": thumbnail,
        "srtFile": srt,
        "vttFile": vtt,
        "txtFile": txt,
        share: shared,
        "videoDuration": 8.0,
        "aiCreditsUsed": 0,
    }, files


def render_v1(facts: Facts) -> Shape:
    """The older spelling of the share address."""
    return render(facts, share="shareVideoURL")


def project_render(facts: Facts) -> Shape:
    """A project's render, in lower-case folders."""
    return render(facts, folder="video")


def transcription(facts: Facts) -> Shape:
    """A finished transcription: all of it inside the body."""
    words = [
        {"uid": f"w{at}", "word": word, "start_time": at * 0.4, "end_time": at * 0.4 + 0.3, "speakerId": 1}
        for at, word in enumerate(facts.text.split())
    ]
    return {
        "status": "completed",
        "transcript": [{"uid": "a1", "speakerId": 1, "words": words}],
        "txt": facts.text,
        "srt": media.srt_text(facts.text),
        "vtt": media.vtt_text(facts.text),
        "mediaInfo": {"duration": len(words) * 0.4, "width": 1280, "height": 720, "aspectRatio": "16:9"},
    }, {}


def highlights(facts: Facts) -> Shape:
    """A finished summary."""
    body, _ = transcription(facts)
    return {
        "status": "completed",
        "highlight": [{"start": 0.4, "end": 2.0}],
        "transcript": body["transcript"],
    }, {}


def preview(facts: Facts) -> Shape:
    """A finished storyboard preview."""
    project = f"{facts.stamp}c0ffee"
    elements = [{"elementType": "backgroundElement", "startTime": 0, "url": "https://stock.invalid/p.mp4?type=preview"}]
    return {
        "status": "completed",
        "previewUrl": f"https://video.pictory.ai/v2/preview/{project}",
        "projectUrl": f"https://app.pictory.ai/story/{project}",
        "projectId": project,
        "renderParams": {"output": {"name": f"{facts.slug}.mp4", "format": "mp4"}, "elements": elements},
        "storyboard": {"videoName": facts.slug, "language": "en", "scenes": [{"story": facts.text}]},
    }, {}


def preview_v1(facts: Facts) -> Shape:
    """An older preview: a narration to fetch, and no status."""
    files = {"polly/narration.mp3": media.mp3(facts.number)}
    params = {"audio": {"tts": "asset:polly/narration.mp3"}, "output": {}, "scenes": [], "next_generation_video": True}
    return {"renderParams": params, "preview": f"https://video.pictory.ai/preview/{1770000 + facts.number}"}, files


def ai_image(facts: Facts) -> Shape:
    """A finished AI Studio image."""
    files = {"images/i1.png": media.png(facts.number)}
    body: Body = {"status": "completed", "url": "asset:images/i1.png", "width": 64, "height": 48, "aiCreditsUsed": 2}
    return body, files


def ai_video(facts: Facts) -> Shape:
    """A finished AI Studio video with its stills."""
    files = {
        "videos/v1.mp4": media.video(facts.number, facts.video_bytes),
        "videos/v1_thumbnail.jpg": media.jpeg(facts.number),
        "videos/v1_preview.jpg": media.jpeg(facts.number + 1),
        "videos/v1_last_frame.png": media.png(facts.number),
    }
    url, thumbnail, still, last = (f"asset:{path}" for path in files)
    return {
        "status": "completed",
        "url": url,
        "duration": "8s",
        "width": 720,
        "height": 1280,
        "thumbnailImageUrl": thumbnail,
        "previewImageUrl": still,
        "lastFrameImageUrl": last,
        "aiCreditsUsed": 12.8,
    }, files


def failed(code: str, message: str) -> Callable[[Facts], Shape]:
    """A job that ended badly."""
    return lambda _facts: ({"status": "failed", "error_code": code, "error_message": message}, {})


def bare(**body: object) -> Callable[[Facts], Shape]:
    """A body with these fields and no files."""
    return lambda _facts: (dict(body), {})


def without_status(facts: Facts) -> Shape:
    """Results, and no word about the state."""
    body, files = transcription(facts)
    return {name: value for name, value in body.items() if name != "status"}, files


def without_video(facts: Facts) -> Shape:
    """A completed render that lacks what it is for."""
    body, files = render(facts)
    return {name: value for name, value in body.items() if name != "videoURL"}, files


ODD: tuple[Callable[[Facts], Shape], ...] = (
    bare(status="in-progress", renderProgress=37, renderProgressMessage="Generating video", renderState="RUNNING"),
    bare(status="in-progress"),
    without_status,
    preview_v1,
    bare(status="queued-for-review"),
    bare(status="completed", soundscape={"layers": 3, "mood": "calm"}),
    without_video,
    bare(status="completed"),
    bare(status="cleaned"),
    bare(status="cleaned"),
)
"""One of each, in every account that is large enough."""

USUAL: tuple[Callable[[Facts], Shape], ...] = (
    render,
    transcription,
    preview,
    render_v1,
    highlights,
    ai_image,
    project_render,
    failed("TEXT_TO_VIDEO_FAILED", "Speaker Zzyzx is unknown."),
    ai_video,
    failed("TRANSCRIPTION_FAILED", "No speech was found in the file."),
    render,
)

SPELLINGS = ("job_id", "jobId", "data.job_id", "data.jobId")


def drafts(*, jobs: int, seed: int, media_mb: int) -> Iterator[Draft]:
    """Draw `jobs` jobs, newest first."""
    chance = random.Random(seed)  # noqa: S311 - an account to play with, not a secret
    usual = [USUAL[number % len(USUAL)] for number in range(max(0, jobs - len(ODD) - 1))]
    shapes = [*ODD, *usual][: max(0, jobs - 1)]
    chance.shuffle(shapes)
    with_video = sum(shape in {render, render_v1, project_render, ai_video} for shape in shapes)
    video_bytes = max(VIDEO_BYTES, media_mb * 1_000_000 // max(1, with_video))
    for number, shape in enumerate(shapes):
        job_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        facts = Facts(number, job_id, SUBJECTS[number % len(SUBJECTS)], video_bytes)
        inner, files = shape(facts)
        yield Draft(job_id, _got(inner, job_id, number), _listed(inner, job_id), files)
    if jobs:
        yield _disagreeing(chance)


def _got(inner: Body, job_id: str, number: int) -> Body:
    """Spell the id in one of the four ways that are seen."""
    success = inner.get("status") != "failed"
    spelling = SPELLINGS[number % len(SPELLINGS)]
    name = spelling.removeprefix("data.")
    if spelling == name:
        return {name: job_id, "success": success, "data": inner}
    return {"success": success, "data": {**inner, name: job_id}}


def _listed(inner: Body, job_id: str) -> Body:
    return {"success": inner.get("status") != "failed", "data": {**inner, "jobId": job_id}}


def _disagreeing(chance: random.Random) -> Draft:
    """A job whose id spellings name two different jobs."""
    one, other = (str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(2))
    inner, files = preview(Facts(0, one, "a job of two names", VIDEO_BYTES))
    body: Body = {"job_id": one, "success": True, "data": {**inner, "jobId": other}}
    return Draft(one, body, body, files)
