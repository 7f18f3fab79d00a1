"""Bodies of jobs for tests; `asset:` addresses become real files of the emulator."""

from typing import Any

Json = dict[str, Any]


def render(**changed: Any) -> Json:
    body: Json = {
        "status": "completed",
        "videoURL": "asset:VIDEO/film.mp4",
        "audioURL": "asset:audio/film.mp3",
        "thumbnail": "asset:image/t.jpg",
        "srtFile": "asset:text/a.srt",
        "vttFile": "asset:text/b.vtt",
        "txtFile": "asset:text/c.txt",
        "videoShareURL": "https://video.pictory.ai/20260301091500123c0ffee/20260301092233417QwErTy0123456789",
        "videoDuration": 8.0,
    }
    return {name: value for name, value in {**body, **changed}.items() if value is not None}


def transcription(text: str = "Harvest begins.") -> Json:
    return {
        "status": "completed",
        "transcript": [{"uid": "a", "speakerId": 1, "words": [{"uid": "w", "word": text, "start_time": 0.1}]}],
        "txt": text,
        "srt": f"1\n00:00:00,000 --> 00:00:01,400\n{text}\n",
        "vtt": f"WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.400\n{text}\n",
    }


def preview() -> Json:
    return {
        "status": "completed",
        "previewUrl": "https://video.pictory.ai/v2/preview/20260301091500123c0ffee",
        "renderParams": {"output": {"name": "orchard.mp4"}, "elements": [{"url": "https://stock.invalid/a.mp4?t=1"}]},
    }


def image() -> Json:
    return {"status": "completed", "url": "asset:images/i.png", "width": 64, "height": 48}


def video() -> Json:
    return {
        "status": "completed",
        "url": "asset:videos/v.mp4",
        "duration": "8s",
        "thumbnailImageUrl": "asset:videos/v.jpg",
        "lastFrameImageUrl": "asset:videos/last.png",
    }


def failed() -> Json:
    return {"status": "failed", "error_code": "TEXT_TO_VIDEO_FAILED", "error_message": "Speaker Zzyzx is unknown."}


def job_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"
