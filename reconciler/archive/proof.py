"""Is a downloaded file whole?  Small checks, each PROVED, REFUTED or CANNOT_TELL with its evidence (I15).

The policy: one REFUTED refuses the file; and its end must be PROVED by its length, its transfer or its own structure,
for a cut file can be perfect in all it has.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from reconciler.archive.containers import structure
from reconciler.archive.findings import Answer, Finding

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """How a file came: bytes written, their sha256 and md5, and what the server said about it.

    `declared` is Content-Length, None where there was none; `framed` says that the transfer's own framing (chunks)
    told its end; `etag` and `content_md5` are the headers as they were, empty where absent.
    """

    size: int
    sha256: str
    md5: str
    declared: int | None
    framed: bool
    content_type: str
    etag: str
    content_md5: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings on one file."""

    findings: tuple[Finding, ...]

    @property
    def refusal(self) -> str:
        """Why the file is not taken; empty when it is."""
        refuted = [finding.evidence for finding in self.findings if finding.answer is Answer.REFUTED]
        if refuted:
            return "; ".join(refuted)
        if not any(finding.proves_end for finding in self.findings if finding.answer is Answer.PROVED):
            return "nothing shows that it is whole: no length, no checksum, no structure with an end"
        return ""

    @property
    def evidence(self) -> str:
        """What was told, in one line for the receipt."""
        return "; ".join(finding.evidence for finding in self.findings if finding.evidence)


def judge(path: Path, extension: str, transfer: Transfer) -> Judgement:
    """Put every check to a file that should be of this extension."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        findings = [_length(transfer), _not_empty(transfer), _content(extension, head), _checksum(transfer)]
        if not any(finding.answer is Answer.REFUTED for finding in findings):
            findings.append(structure(extension, file, transfer.size))
    return Judgement(tuple(findings))


# -- what the transfer tells


def _length(transfer: Transfer) -> Finding:
    if transfer.declared is None:
        if transfer.framed:
            return Finding(Answer.PROVED, "chunks came to their end", proves_end=True)
        return Finding(Answer.CANNOT_TELL, "no length was declared")
    if transfer.declared != transfer.size:
        return Finding(Answer.REFUTED, f"{transfer.size} bytes came of {transfer.declared} declared")
    return Finding(Answer.PROVED, f"length {transfer.size} as declared", proves_end=True)


def _not_empty(transfer: Transfer) -> Finding:
    return Finding(Answer.PROVED, "") if transfer.size else Finding(Answer.REFUTED, "it is empty")


_MD5_TAG = re.compile(r'"([0-9a-f]{32})"')


def _checksum(transfer: Transfer) -> Finding:
    if transfer.content_md5:
        if transfer.content_md5 == transfer.md5:
            return Finding(Answer.PROVED, "Content-MD5 equal", proves_end=True)
        return Finding(Answer.REFUTED, "its MD5 is not the Content-MD5 that the server sent")
    tag = _MD5_TAG.fullmatch(transfer.etag)
    if tag and tag[1] == transfer.md5:
        return Finding(Answer.PROVED, "ETag is its MD5", proves_end=True)
    return Finding(Answer.CANNOT_TELL, "no checksum offered")


def etag_may_be_md5(transfer: Transfer) -> bool:
    """Tell whether the ETag looks like an MD5 and is not this file's: a reason to read it a second time."""
    tag = _MD5_TAG.fullmatch(transfer.etag)
    return bool(tag) and tag[1] != transfer.md5 if tag else False


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


def _content(extension: str, head: bytes) -> Finding:
    if _MARKUP.match(head):
        return Finding(Answer.REFUTED, f"a web page or XML stands where {extension} belongs")
    sign = _SIGNS.get(extension)
    if sign is None:
        return Finding(Answer.CANNOT_TELL, f"nothing is known of {extension} files")
    if not sign.match(head):
        return Finding(Answer.REFUTED, f"its first bytes are not those of {extension}: {head[:8].hex(' ')}")
    return Finding(Answer.PROVED, f"begins as {extension}")
