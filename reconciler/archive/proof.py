"""Is a downloaded file whole?  Small checks, each PROVED, REFUTED or CANNOT_TELL with its evidence (I15).

What follows from their answers is a table of its own (`acceptance`).  One REFUTED refuses the file; and its end must be
PROVED by its length, its transfer, a checksum or its own structure, for a cut file can be perfect in all it has.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from reconciler.archive.checksums import Offered, of_tag, tag_is_other_md5
from reconciler.archive.containers import structure
from reconciler.archive.findings import Answer, Finding

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """How a file came: bytes written, what they hash to, and what the server said about it.

    `declared` is Content-Length, None where there was none; `framed` says that the transfer's own framing (chunks)
    told its end; `content_type` and `etag` are the headers as they were, empty where absent; `checksums` are those
    that the host sent of the whole file.  `md5` and `md5s_of_parts`, by part size, are told where something that the
    host sent can be compared with them.  `is_joined` says that it came in several answers.
    """

    size: int
    sha256: str
    md5: str
    declared: int | None
    framed: bool
    content_type: str
    etag: str
    checksums: tuple[Offered, ...] = ()
    md5s_of_parts: Mapping[int, str] = field(default_factory=dict)
    is_joined: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings on one file.

    `is_doubtful`: its ETag looks like a checksum and is not its own, or it was joined out of several answers.
    """

    findings: tuple[Finding, ...]
    is_doubtful: bool

    @property
    def is_refuted(self) -> bool:
        """Whether anything speaks against the file."""
        return any(finding.answer is Answer.REFUTED for finding in self.findings)

    @property
    def is_whole(self) -> bool:
        """Whether anything shows that nothing was cut off."""
        return any(finding.proves_end for finding in self._proved)

    @property
    def has_checksum(self) -> bool:
        """Whether a checksum of the host's shows that nothing was changed."""
        return any(finding.is_checksum for finding in self._proved)

    @property
    def _proved(self) -> Iterator[Finding]:
        return (finding for finding in self.findings if finding.answer is Answer.PROVED)

    @property
    def refusal(self) -> str:
        """Why the file is not taken; empty when the findings are no reason."""
        if self.is_refuted:
            return "; ".join(finding.evidence for finding in self.findings if finding.answer is Answer.REFUTED)
        return (
            "" if self.is_whole else "nothing shows that it is whole: no length, no checksum, no structure with an end"
        )

    @property
    def evidence(self) -> str:
        """What was told, in one line for the receipt."""
        return "; ".join(finding.evidence for finding in self.findings if finding.evidence)


@dataclass(frozen=True, slots=True)
class Sample:
    """A downloaded file, open for reading, with what it should be and how it came.  `head` are its first bytes."""

    file: BinaryIO
    head: bytes
    extension: str
    transfer: Transfer


class Check(Protocol):
    """One check of a file: pure, and of one thing."""

    def look(self, sample: Sample) -> Finding:
        """Look at the file and tell."""


def judge(path: Path, extension: str, transfer: Transfer) -> Judgement:
    """Put every check to a file that should be of this extension."""
    with path.open("rb") as file:
        sample = Sample(file, file.read(HEAD_BYTES), extension, transfer)
        findings = [check.look(sample) for check in (DeclaredLength(), NotEmpty(), Content(), Checksum())]
        if not any(finding.answer is Answer.REFUTED for finding in findings):
            findings.append(Structure().look(sample))
    return Judgement(tuple(findings), transfer.is_joined or tag_is_other_md5(transfer.etag, transfer.md5))


# -- what the transfer tells


class DeclaredLength:
    """All bytes that were declared came, or the transfer's own framing came to its end."""

    def look(self, sample: Sample) -> Finding:
        """Hold the bytes written against the length."""
        transfer = sample.transfer
        if transfer.declared is None:
            if transfer.framed:
                return Finding(Answer.PROVED, "chunks came to their end", proves_end=True)
            return Finding(Answer.CANNOT_TELL, "no length was declared")
        if transfer.declared != transfer.size:
            return Finding(Answer.REFUTED, f"{transfer.size} bytes came of {transfer.declared} declared")
        return Finding(Answer.PROVED, f"length {transfer.size} as declared", proves_end=True)


class NotEmpty:
    """No asset is empty."""

    def look(self, sample: Sample) -> Finding:
        """Tell whether there is anything."""
        return Finding(Answer.PROVED, "") if sample.transfer.size else Finding(Answer.REFUTED, "it is empty")


class Checksum:
    """The file has the checksums that its host sent; an ETag counts where it turns out to be one."""

    def look(self, sample: Sample) -> Finding:
        """Compare every checksum that was sent; one that differs refutes."""
        transfer = sample.transfer
        own = {"md5": transfer.md5, "sha256": transfer.sha256}
        for sent in transfer.checksums:
            if sent.value != own[sent.algorithm]:
                told = f"its {_SHOWN[sent.algorithm]} is not the {sent.header} that the server sent"
                return Finding(Answer.REFUTED, told)
        if transfer.checksums:
            headers = ", ".join(dict.fromkeys(sent.header for sent in transfer.checksums))
            return Finding(Answer.PROVED, f"{headers} equal", proves_end=True, is_checksum=True)
        return of_tag(transfer.etag, transfer.md5, transfer.md5s_of_parts)


_SHOWN = {"md5": "MD5", "sha256": "SHA-256"}


class Structure:
    """The file's own boxes, segments, chunks and frames, walked to their end."""

    def look(self, sample: Sample) -> Finding:
        """Walk them."""
        return structure(sample.extension, sample.file, sample.transfer.size)


# -- what the first bytes tell

_SIGNS = {
    "mp4": re.compile(rb"....(ftyp|moov|mdat|free|skip|wide|styp)", re.DOTALL),
    "jpg": re.compile(rb"\xff\xd8\xff"),
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "mp3": re.compile(rb"ID3|\xff[\xe2-\xff]"),
    "srt": re.compile(rb"(\xef\xbb\xbf)?\s*\d+\s*\r?\n\s*\d+:\d\d:\d\d[,.]\d+ *-->"),
    "vtt": re.compile(rb"(\xef\xbb\xbf)?WEBVTT"),
    "txt": re.compile(rb""),
}
_MARKUP = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|!--|html|head|title|body|meta|script|\?xml|error)", re.IGNORECASE)


_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml"})
_ERROR_TYPES = frozenset({"application/json", "application/problem+json"})
_ERROR = re.compile(rb"(\xef\xbb\xbf)?\s*\{\s*\"(error|errors|message|code|status|statusCode)\"\s*:", re.IGNORECASE)


class Content:
    """The first bytes are those of its kind, and neither they nor the media type are those of an error's page."""

    def look(self, sample: Sample) -> Finding:
        """Look at the media type and the first bytes."""
        extension, head = sample.extension, sample.head
        media_type = sample.transfer.content_type.partition(";")[0].strip().lower()
        if _MARKUP.match(head) or media_type in _PAGE_TYPES:
            return Finding(Answer.REFUTED, f"a web page or XML stands where {extension} belongs")
        if _ERROR.match(head) or media_type in _ERROR_TYPES:
            return Finding(Answer.REFUTED, f"JSON stands where {extension} belongs")
        sign = _SIGNS.get(extension)
        if sign is None:
            return Finding(Answer.CANNOT_TELL, f"nothing is known of {extension} files")
        if not sign.match(head):
            return Finding(Answer.REFUTED, f"its first bytes are not those of {extension}: {head[:8].hex(' ')}")
        return Finding(Answer.PROVED, f"begins as {extension}")
