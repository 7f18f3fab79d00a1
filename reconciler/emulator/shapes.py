"""The bodies and files of jobs, by type and state, as the service's samples show them.

`asset:PATH` in a body is the address of a file below the job's folder on the asset host; `page:PATH` is a web page
there.
"""

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.emulator import media
from reconciler.emulator.clock import stamp
from reconciler.emulator.media import Spec

Body = dict[str, object]

VIDEO_BYTES = 240_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What a shape is made from: a number of its own, when it was made, a subject to speak of, how large its video is,
    and how many words its transcript has (0: the subject's own)."""

    number: int
    created_ms: int
    subject: str
    video_bytes: int = VIDEO_BYTES
    words: int = 0

    @property
    def text(self) -> str:
        """Three sentences."""
        return f"This is the story of {self.subject}. It begins early. It ends well"

    @property
    def slug(self) -> str:
        """The subject as a file name."""
        return self.subject.replace(" ", "-")

    @property
    def project(self) -> str:
        """The id of the project that the job was made from: its time first."""
        return f"{stamp(self.created_ms)}c0ffee{self.number:08d}"

    @property
    def share(self) -> str:
        """The path of the share page: the project's id and the share's, which begins with the time it was rendered."""
        return f"{self.project}/{stamp(self.created_ms + 437_000)}QwErTy{self.number:010d}"


SUBJECTS = (
    *("an orchard", "the night train", "a small bakery", "the tide mill", "our new office", "a quiet harbour"),
    *("the winter sale", "a bicycle repair", "the annual report", "two lighthouses", "a good question"),
)

Shape = tuple[Body, dict[str, Spec]]
"""What stands in `data`, and the files."""


def render(facts: Facts, *, share: str = "videoShareURL", folder: str = "VIDEO") -> Shape:
    """A finished render, project render or rendered template."""
    name = facts.slug
    files = {
        f"{folder}/{name}.mp4": Spec("mp4", facts.number, facts.video_bytes),
        f"audio/{name}.mp3": Spec("mp3", facts.number),
        "image/t.jpg": Spec("jpg", facts.number),
        "text/subtitles/a.srt": Spec("srt", text=facts.text),
        "text/subtitles/b.vtt": Spec("vtt", text=facts.text),
        "text/subtitles/c.txt": Spec("txt", text=facts.text),
    }
    video, audio, thumbnail, srt, vtt, txt = (f"asset:{path}" for path in files)
    return {
        "status": "completed",
        "progress": 100,
        "videoURL": video,
        "audioURL": audio,
        "thumbnail": thumbnail,
        "srtFile": srt,
        "vttFile": vtt,
        "txtFile": txt,
        share: f"page:{facts.share}",
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
    spoken = facts.text.split()
    spoken = [spoken[at % len(spoken)] for at in range(facts.words or len(spoken))]
    words = [
        {
            "uid": f"w{at}",
            "word": word,
            "start_time": round(at * 0.4, 1),
            "end_time": round(at * 0.4 + 0.3, 1),
            "speakerId": 1,
            "sentence_index": at // 12,
        }
        for at, word in enumerate(spoken)
    ]
    text = " ".join(spoken)
    return {
        "status": "completed",
        "transcript": [{"uid": "a1", "speakerId": 1, "words": words}],
        "txt": text,
        "srt": media.srt_text(text),
        "vtt": media.vtt_text(text),
        "mediaInfo": {"duration": round(len(words) * 0.4, 1), "width": 1280, "height": 720, "aspectRatio": "16:9"},
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
    elements = [{"elementType": "backgroundElement", "startTime": 0, "url": "https://stock.invalid/p.mp4?type=preview"}]
    return {
        "status": "completed",
        "previewUrl": f"page:v2/preview/{facts.project}",
        "projectUrl": f"page:story/{facts.project}",
        "projectId": facts.project,
        "renderParams": {"output": {"name": f"{facts.slug}.mp4", "format": "mp4"}, "elements": elements},
        "storyboard": {"videoName": facts.slug, "language": "en", "scenes": [{"story": facts.text}]},
    }, {}


def preview_v1(facts: Facts) -> Shape:
    """An older preview: a narration to fetch, and no status."""
    files = {"polly/narration.mp3": Spec("mp3", facts.number)}
    params = {
        "audio": {"tts": "asset:polly/narration.mp3"},
        "output": {"name": f"{facts.slug}.mp4", "format": "mp4"},
        "scenes": [{"text": facts.text}],
        "next_generation_video": True,
        "containsTextToImage": True,
    }
    return {"renderParams": params, "preview": f"page:preview/{facts.created_ms}"}, files


def ai_image(facts: Facts) -> Shape:
    """A finished AI Studio image."""
    files = {"images/i1.png": Spec("png", facts.number)}
    body: Body = {"status": "completed", "url": "asset:images/i1.png", "width": 64, "height": 48, "aiCreditsUsed": 2}
    return body, files


def ai_video(facts: Facts) -> Shape:
    """A finished AI Studio video with its stills."""
    files = {
        "videos/v1.mp4": Spec("mp4", facts.number, facts.video_bytes),
        "videos/v1_thumbnail.jpg": Spec("jpg", facts.number),
        "videos/v1_preview.jpg": Spec("jpg", facts.number + 1),
        "videos/v1_last_frame.png": Spec("png", facts.number),
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


def failed(code: str, message: str) -> "Maker":
    """A job that ended badly."""
    return lambda _facts: ({"status": "failed", "error_code": code, "error_message": message}, {})


def bare(**body: object) -> "Maker":
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


Maker = Callable[[Facts], Shape]

ODD: tuple[Maker, ...] = (
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

USUAL: tuple[Maker, ...] = (
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

KINDS: dict[Maker, str] = {
    **dict.fromkeys((render, render_v1, project_render), "render"),
    transcription: "transcription",
    highlights: "highlights",
    preview: "preview",
    ai_image: "image",
    ai_video: "video",
}
"""What the calls that build on a job, and the AI Studio lists, take a job for."""

WITH_VIDEO = frozenset({render, render_v1, project_render, ai_video})
