"""What `verify` found, as text and as JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.core.amounts import counted
from reconciler.core.canonical import canonical_json
from reconciler.engine.copies import BagCheck, BagState, Reading
from reconciler.engine.repairing import Repaired, RepairReport
from reconciler.engine.verifying import VerifyReport
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import harmless, word


def verify_text(report: VerifyReport, *, style: Style) -> str:
    """Write every copy that is not whole, and the sum."""
    lines = [style.paint(line, Colour.RED) for check in report.checks for line in _lines(check)]
    if report.unrecorded:
        lines.append(style.paint(f"Note: {harmless(report.unrecorded)}", Colour.YELLOW))
    lines.append(style.paint(verify_summary(report), Colour.BOLD))
    return style.plain("\n".join(lines)) + "\n"


def repair_text(report: RepairReport, *, style: Style) -> str:
    """Write what was mended, then how the copies stand."""
    mended = "".join(style.plain(style.paint(_mended(each), Colour.YELLOW)) + "\n" for each in report.repaired)
    return mended + verify_text(report.verified, style=style)


def verify_summary(report: VerifyReport) -> str:
    """Sum up in fixed words; other programs read this line."""
    bags, receipts = _counts(report)
    is_fast = report.how is Reading.FAST
    found = "there with all lengths" if is_fast else "whole"
    parts = [f"Verify: {counted(bags[BagState.WHOLE], 'bag')} {found}, {_bad(bags)}"]
    if receipts[BagState.DAMAGED] or receipts[BagState.MISSING]:
        parts.append(f"of their receipts {_bad(receipts)}")
    if report.is_sample:
        parts.append(f"{len(report.checks)} of {counted(report.copies, 'copy', 'copies')} looked at")
    if is_fast:
        parts.append("no byte was read")
    return "; ".join(parts) + "."


def _counts(report: VerifyReport) -> tuple[Counter[BagState], Counter[BagState]]:
    return Counter(check.state for check in report.checks), Counter(check.receipt for check in report.checks)


def _bad(counts: Counter[BagState]) -> str:
    return f"{counts[BagState.DAMAGED]} damaged, {counts[BagState.MISSING]} missing"


def _mended(repaired: Repaired) -> str:
    left = f"; what was there lies in {harmless(repaired.aside)}" if repaired.aside else ""
    where = f"{harmless(repaired.file or repaired.bag)} in {harmless(repaired.store)}"
    return f"~ {word(repaired.job_id)}  mended: {where}, from {harmless(repaired.source)}{left}"


def _lines(check: BagCheck) -> Iterator[str]:
    where = f"{harmless(check.bag)} in {harmless(check.store)}"
    for state, problem in ((check.state, check.problem), (check.receipt, check.receipt_problem)):
        if state is not BagState.WHOLE:
            yield f"! {word(check.job_id)}  {state.value}: {harmless(problem)} ({where})"


def verify_json(report: VerifyReport, repaired: Sequence[Repaired], *, exit_code: int) -> str:
    """Write the same as one line of canonical JSON; copies that are whole are only counted."""
    bags, receipts = _counts(report)
    told = {
        "format_version": "1.0",
        "exit_code": exit_code,
        "how": report.how.value,
        "copies": report.copies,
        "looked_at": len(report.checks),
        "bags": {state.value: bags[state] for state in BagState},
        "receipts": {state.value: receipts[state] for state in (BagState.DAMAGED, BagState.MISSING)},
        "problems": [_problem(check) for check in report.checks if not check.is_whole],
        "repaired": [_repaired(each) for each in repaired],
        "unrecorded": report.unrecorded,
    }
    return canonical_json(told).decode("ascii") + "\n"


def _problem(check: BagCheck) -> dict[str, str]:
    return {
        "job": check.job_id,
        "bag": check.bag,
        "store": check.store,
        "state": check.state.value,
        "problem": check.problem,
        "receipt": check.receipt.value,
        "receipt_problem": check.receipt_problem,
    }


def _repaired(repaired: Repaired) -> dict[str, str]:
    return {
        "job": repaired.job_id,
        "bag": repaired.bag,
        "file": repaired.file,
        "store": repaired.store,
        "source": repaired.source,
        "aside": repaired.aside,
    }
