"""Findings about the file, as lines for people and as canonical JSON for programs."""

import re
from collections.abc import Sequence

from reconciler.core.canonical import canonical_json
from reconciler.core.findings import Finding, Severity
from reconciler.report.untrusted import harmless

FORMAT_VERSION = "1.0"

_PLACE = re.compile(r":([0-9]+):([0-9]+)$")


def findings_text(findings: Sequence[Finding]) -> str:
    """Write one line per finding: `retention.yaml:14:5: warning until-soon: rule launch lapses at ...`."""
    return "".join(
        f"{harmless(each.place)}: {each.severity.value} {each.code}: {harmless(each.message)}\n" for each in findings
    )


def findings_json(findings: Sequence[Finding], file: str) -> str:
    """Write the findings about a file as one line of canonical JSON; `line` and `column` may be null."""
    content = {
        "format_version": FORMAT_VERSION,
        "file": file,
        "valid": not any(each.severity is Severity.ERROR for each in findings),
        "findings": [_finding(each, file) for each in findings],
    }
    return canonical_json(content).decode("ascii") + "\n"


def _finding(finding: Finding, file: str) -> dict[str, object]:
    place = _PLACE.search(finding.place)
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "rule": finding.rule,
        "file": file,
        "line": int(place[1]) if place else None,
        "column": int(place[2]) if place else None,
    }


def counted(findings: Sequence[Finding]) -> str:
    """Count what lint found, behind a sentence: ` 2 warnings, 1 note.`; "" where it found nothing."""
    told: list[str] = []
    for severity in (Severity.WARNING, Severity.NOTE):
        number = sum(each.severity is severity for each in findings)
        if number:
            told.append(f"{number} {severity.value}{'' if number == 1 else 's'}")
    return f" {', '.join(told)}." if told else ""
