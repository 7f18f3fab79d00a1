"""Every kind of file that a job can have, and every bad download that is known: what the matrix is made of.

tests/faults/test_fault_matrix.py holds our archive to it, and bench/compare/matrix.py runs other programs over it.
"""

from dataclasses import dataclass
from typing import Any

FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "video.mp4": ("mp4", {"videoURL": "asset:VIDEO/a.mp4"}),
    "audio.mp3": ("mp3", {"audioURL": "asset:audio/a.mp3"}),
    "narration.mp3": ("mp3", {"renderParams": {"audio": {"tts": "asset:audio/b.mp3"}}}),
    "thumbnail.jpg": ("jpg", {"thumbnail": "asset:image/a.jpg"}),
    "preview image.jpg": ("jpg", {"previewImageUrl": "asset:image/b.jpg"}),
    "last frame.png": ("png", {"lastFrameImageUrl": "asset:image/a.png"}),
    "image.png": ("png", {"url": "asset:images/a.png", "width": 64, "height": 48}),
    "subtitles.srt": ("srt", {"srtFile": "asset:text/a.srt"}),
    "subtitles.vtt": ("vtt", {"vttFile": "asset:text/a.vtt"}),
    "text.txt": ("txt", {"txtFile": "asset:text/a.txt"}),
}
"""Every file that a job can have, by its extension and the field that names it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A bad download by the emulator's word for it, and what our refusal must tell when it never gets better.

    `told` is a pattern; "" where the file is right for all that and must be taken.
    """

    word: str
    told: str = ""


# What a CDN and its caches are known to do, and what the programs of today are known to lose by.
FAULTS = (
    Fault("cut", "could not be fetched"),
    Fault("cut-no-length", "by kind"),
    Fault("403", "HTTP 403"),
    Fault("404", "HTTP 404"),
    Fault("416", "HTTP 416"),
    Fault("500", "could not be fetched"),
    Fault("503", "could not be fetched"),
    Fault("html", "a web page or XML stands where"),
    Fault("zero", "it is empty"),
    Fault("wrong-type", "its first bytes are not those of|is not UTF-8 text|zero bytes"),
    Fault("wrong-length", "could not be fetched"),
    Fault("wrong-range", "could not be fetched: HTTP 206"),
    Fault("reset", "could not be fetched"),
    Fault("reset-midway", "could not be fetched"),
    Fault("redirect", "TooManyRedirects"),
    Fault("redirect-host", "TooManyRedirects"),  # the other host sends it on as well
    Fault("no-length", "by kind"),
    Fault("range-ignored"),
    Fault("no-etag"),
    Fault("wrong-etag"),
)

CHANGED = ("flip", "flip-no-etag", "changed-quietly")
"""Other bytes of the right length.  Served once, they are told by the second reading.  Served for ever they are told by
nothing but checksums in the file itself, and only a PNG has such: docs/wholeness.md says so, and no row claims it."""
UNTOLD = {"changed"}
"""A whole file with its own right ETag: for all that anybody can tell, it is the asset."""
