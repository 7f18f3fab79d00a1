"""What a look at the ledger found, and what a rebuilt one has and lacks."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from reconciler.core.canonical import canonical_json, utc_text
from reconciler.engine.rebuilding import Rebuilt, Salvage
from reconciler.report.untrusted import harmless, word


class Finding(Protocol):
    """One thing that is not as it should be."""

    @property
    def where(self) -> str:
        """The table and the row."""

    @property
    def problem(self) -> str:
        """What is wrong with it."""

    @property
    def way_out(self) -> str:
        """What to do."""


def findings_text(name: str, found: Sequence[Finding] | None) -> str:
    """Write all findings, None for no ledger; the last line sums up."""
    if found is None:
        return f"Ledger: there is none at {harmless(name)} yet.\n"
    if not found:
        return f"Ledger: {harmless(name)} is sound.\n"
    lines = [f"! {harmless(each.where)}: {harmless(each.problem)}" for each in found]
    ways = dict.fromkeys(each.way_out for each in found)
    count = "1 finding" if len(found) == 1 else f"{len(found)} findings"
    return "\n".join([*lines, *(f"What to do: {harmless(way)}" for way in ways), f"Ledger: {count}."]) + "\n"


def findings_json(found: Sequence[Finding] | None) -> str:
    """Write the findings as one line of canonical JSON."""
    told = [{"where": each.where, "problem": each.problem, "way_out": each.way_out} for each in found or ()]
    written = canonical_json({"format_version": "1.0", "is_there": found is not None, "findings": told})
    return written.decode("ascii") + "\n"


def rebuilt_text(name: str, made: Rebuilt) -> str:
    """Write what was restored, what was not, what follows from it and what to do next."""
    return "\n".join(_rebuilt_lines(name, made)) + "\n"


def _rebuilt_lines(name: str, made: Rebuilt) -> Iterator[str]:
    salvage = made.salvage
    yield f"Made anew from {harmless(', '.join(salvage.stores))}:"
    runs = sum(event.event == "run_started" for event in salvage.chain)
    holds = _counted(made.holds, "hold")
    yield f"  {_counted(len(salvage.receipts), 'receipt')}, {_counted(runs, 'run')}, {holds} of rules that go on"
    yield f"  {_counted(len(salvage.chain), 'audit event')}{_until(salvage)}"
    for problem in salvage.problems:
        yield f"! not taken: {harmless(problem)}"
    yield ""
    yield "Not in any store, so not in this ledger:"
    yield "  - when each job was first seen, and the order of jobs: ages count from the next recorded run"
    yield "  - what was recorded after the last record of a run: refreshes, holds, imports"
    for source, digest in salvage.imports:
        yield f"  - the times of {word(source)} ({word(digest[:19])}): import them again"
    yield "  - the keys that were seen with the account, plans that were kept, and jobs that were lost before archive"
    yield f"  - what the file said when it was applied last{_last_applied(salvage)}"
    yield ""
    yield "What follows: every job is held until two recorded runs lie clean.release_delay apart, as what protected it"
    yield "may be among what was lost. Plans from before are refused: make new ones."
    yield "Next: a look at the key in use, and once reconciler refresh --accept-new-key; reconciler verify; and a look"
    yield "at the next plan as a whole."
    yield f"Ledger: {harmless(name)} is made anew{', in part' if salvage.problems else ''}."


def _last_applied(salvage: Salvage) -> str:
    last = salvage.last_applied
    if last is None:
        return ": no run of the chain applied one"
    approve = "needs plan --accept-rules-lost NAME, with the name that it is told"
    if not last.digest:
        return f", nor which file that was: the next plan {approve}"
    at = f" of {utc_text(last.at)}" if last.at else ""
    return f" ({word(last.digest[:19])}{at}): the next plan of any other file {approve}"


def _until(salvage: Salvage) -> str:
    if not salvage.chain:
        return ": the chain begins anew"
    last = salvage.chain[-1]
    apart = f"; {len(salvage.apart)} behind a gap are left out" if salvage.apart else ""
    return f", the last of {utc_text(last.at)}, head {last.hash}{apart}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
