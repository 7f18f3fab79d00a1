"""Which assets a job of each type has: one table, read off the service's documentation.

A field that is not in it and holds an address is reported by name; nothing is guessed from an address.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.core.canonical import digest
from reconciler.core.job import Asset, AssetForm, AssetKind, JobType
from reconciler.pictory.parts import REPEATED, Part, fields

FILE, INLINE, PAGE = AssetForm.FILE, AssetForm.INLINE, AssetForm.PAGE


@dataclass(frozen=True, slots=True)
class _Field:
    """One spelling of one asset, directly in `data`."""

    name: str
    kind: AssetKind
    form: AssetForm
    extension: str


TABLE: tuple[_Field, ...] = (
    _Field("videoURL", AssetKind.VIDEO, FILE, "mp4"),
    _Field("outputUrl", AssetKind.VIDEO, FILE, "mp4"),  # only in the vendor's sample programs
    _Field("audioURL", AssetKind.AUDIO, FILE, "mp3"),
    _Field("thumbnail", AssetKind.THUMBNAIL, FILE, "jpg"),
    _Field("srtFile", AssetKind.SRT, FILE, "srt"),
    _Field("vttFile", AssetKind.VTT, FILE, "vtt"),
    _Field("txtFile", AssetKind.TXT, FILE, "txt"),
    _Field("srt", AssetKind.SRT, INLINE, "srt"),
    _Field("vtt", AssetKind.VTT, INLINE, "vtt"),
    _Field("txt", AssetKind.TXT, INLINE, "txt"),
    _Field("transcript", AssetKind.TRANSCRIPT, INLINE, "json"),
    _Field("highlight", AssetKind.HIGHLIGHTS, INLINE, "json"),
    _Field("mediaInfo", AssetKind.MEDIA_INFO, INLINE, "json"),
    _Field("renderParams", AssetKind.RENDER_PARAMS, INLINE, "json"),
    _Field("storyboard", AssetKind.STORYBOARD, INLINE, "json"),
    _Field("thumbnailImageUrl", AssetKind.THUMBNAIL, FILE, "jpg"),
    _Field("previewImageUrl", AssetKind.PREVIEW_IMAGE, FILE, "jpg"),
    _Field("lastFrameImageUrl", AssetKind.LAST_FRAME, FILE, "png"),
    _Field("videoShareURL", AssetKind.SHARE_PAGE, PAGE, ""),
    _Field("shareVideoURL", AssetKind.SHARE_PAGE, PAGE, ""),
    _Field("previewUrl", AssetKind.PREVIEW_PAGE, PAGE, ""),
    _Field("preview", AssetKind.PREVIEW_PAGE, PAGE, ""),
    _Field("projectUrl", AssetKind.EDITOR_PAGE, PAGE, ""),
    _Field("editVideoUrl", AssetKind.EDITOR_PAGE, PAGE, ""),
)

AI_FILE = {
    JobType.IMAGE: _Field("url", AssetKind.IMAGE, FILE, "png"),
    JobType.VIDEO: _Field("url", AssetKind.VIDEO, FILE, "mp4"),
}
"""What `url` is depends on the type; in any other job it is an unknown address."""

NARRATION = _Field("renderParams.audio.tts", AssetKind.NARRATION, FILE, "mp3")

EXPECTED = frozenset({*(field.name for field in TABLE if field.extension != "json"), "url"})
"""Names whose value must be an asset: where it is of another form, that is news."""

HEAVY = frozenset(field.name for field in TABLE if field.extension == "json")
"""Names whose arrays and objects are content, and are never taken apart."""


def is_nothing(value: object) -> bool:
    """Tell whether a field is there and says nothing."""
    return value.is_empty if isinstance(value, Part) else value in (None, "", [], {})


REQUIRED: Mapping[JobType, frozenset[AssetKind]] = {
    JobType.RENDER: frozenset({AssetKind.VIDEO}),
    JobType.PREVIEW: frozenset({AssetKind.RENDER_PARAMS}),
    JobType.HIGHLIGHTS: frozenset({AssetKind.HIGHLIGHTS}),
    JobType.IMAGE: frozenset({AssetKind.IMAGE}),
    JobType.VIDEO: frozenset({AssetKind.VIDEO}),
    JobType.TRANSCRIPTION: frozenset(),  # any one of these four, see `lacking`
    JobType.UNKNOWN: frozenset(),
}
TRANSCRIPTION_ANY = frozenset({AssetKind.TRANSCRIPT, AssetKind.SRT, AssetKind.VTT, AssetKind.TXT})

THIRD_PARTY = frozenset({"renderParams", "storyboard"})
"""Kept inside the inline JSON; the stock media they name is other people's and is not fetched."""


_OF_A_RENDER = (
    *("videoURL", "outputUrl", "audioURL", "videoShareURL", "shareVideoURL", "srtFile", "vttFile", "txtFile"),
    *("renderState", "renderProgress"),
)


def infer_type(data: Mapping[str, object]) -> JobType:
    """Read the type off the result fields, whatever the status says; UNKNOWN when none or several fit."""
    fits = {kind for kind, is_shown in _signs(data) if is_shown}
    if fits >= {JobType.HIGHLIGHTS, JobType.TRANSCRIPTION}:
        fits.discard(JobType.TRANSCRIPTION)  # highlights carry their transcript with them
    return fits.pop() if len(fits) == 1 else JobType.UNKNOWN


def _signs(data: Mapping[str, object]) -> Iterator[tuple[JobType, bool]]:
    def shows(*names: str) -> bool:
        return not all(is_nothing(data.get(name)) for name in names)

    yield JobType.RENDER, shows(*_OF_A_RENDER)
    yield JobType.PREVIEW, shows("renderParams", "storyboard", "previewUrl", "preview")
    yield JobType.TRANSCRIPTION, shows("transcript", "mediaInfo", "srt", "vtt", "txt")
    yield JobType.HIGHLIGHTS, shows("highlight")
    is_moving = shows("duration", "thumbnailImageUrl", "lastFrameImageUrl", "previewImageUrl")
    yield JobType.VIDEO, shows("url") and is_moving
    yield JobType.IMAGE, shows("url") and not is_moving and shows("width", "height")


def find_assets(data: Mapping[str, object], job_type: JobType) -> tuple[Asset, ...]:
    """Give every known asset that the body shows, in the table's order."""
    return tuple(_find(data, job_type))


def _find(data: Mapping[str, object], job_type: JobType) -> Iterator[Asset]:
    fields = (*TABLE, AI_FILE[job_type]) if job_type in AI_FILE else TABLE
    for field in fields:
        asset = _asset(field, data.get(field.name))
        if asset:
            yield asset
    asset = _asset(NARRATION, _narration(data))
    if asset:
        yield asset


def _narration(data: Mapping[str, object]) -> object:
    params = data.get("renderParams")
    if not isinstance(params, Part):
        return None
    audio = fields(params, kept={"audio"}, only={"audio"}).get("audio")
    return fields(audio, only={"tts"}).get("tts") if isinstance(audio, Part) else None


def _asset(field: _Field, value: object) -> Asset | None:
    if field.form is INLINE:
        # An address where content belongs is no content: kept as text, it would look archived, and its file be lost.
        is_content = isinstance(value, str) or field.extension == "json"
        if is_nothing(value) or not is_content or _begins_as_address(value):
            return None
        return _made(field, content=value.digest if isinstance(value, Part) else digest(value))
    return _made(field, address=value) if isinstance(value, str) and is_address(value) else None


def _made(field: _Field, *, address: str = "", content: str = "") -> Asset:
    return Asset(
        kind=field.kind,
        form=field.form,
        field=field.name,
        extension=field.extension,
        address=address,
        content=content,
    )


def lacking(job_type: JobType, assets: tuple[Asset, ...]) -> tuple[AssetKind, ...]:
    """Give the kinds that a completed job of this type must have and this one has not."""
    shown = {asset.kind for asset in assets if asset.form is not PAGE}
    missing = REQUIRED[job_type] - shown
    if job_type is JobType.TRANSCRIPTION and not shown & TRANSCRIPTION_ANY:
        missing = missing | {AssetKind.TRANSCRIPT}
    return tuple(sorted(missing, key=lambda kind: kind.value))


def is_address(text: str) -> bool:
    """Tell whether a text is an http(s) address with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and not text.isspace()
    except ValueError:
        return False


def unlisted(body: Mapping[str, object], data: Mapping[str, object], assets: tuple[Asset, ...]) -> tuple[str, ...]:
    """Name the fields that hold an address, or stand where one belongs, and are not among the assets."""
    listed = {asset.field for asset in assets} | THIRD_PARTY
    names = {name for name, value in data.items() if name not in listed and _holds_address(value)}
    names |= {f"{name} (beside data)" for name, value in body.items() if name != "data" and _holds_address(value)}
    names |= {name for name in EXPECTED - listed if not is_nothing(data.get(name))}
    if NARRATION.name not in listed and not is_nothing(_narration(data)):
        names.add(NARRATION.name)
    return tuple(sorted(names))


def _begins_as_address(value: object) -> bool:
    return isinstance(value, str) and value[:8].lower().startswith(("http://", "https://"))


def _holds_address(value: object) -> bool:
    if isinstance(value, str):
        return _begins_as_address(value)
    if isinstance(value, Part):
        # It could not be taken apart: an address may stand in it wherever its bytes begin like one.
        return b"http" in value.content.lower() or b"\\u" in value.content
    if isinstance(value, dict):
        return any(_holds_address(inner) for name, inner in value.items() if name != REPEATED)
    return isinstance(value, list) and any(_holds_address(inner) for inner in value)
