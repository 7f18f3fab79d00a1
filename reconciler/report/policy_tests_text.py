"""How policy tests ended: one line a case, what was expected and what came for those that failed; and JUnit XML."""

from collections.abc import Iterable, Iterator, Sequence
from xml.etree import ElementTree

from reconciler.core.verdicts import verdict_word
from reconciler.engine.policy_tests import CaseResult, Expected, Mismatch
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import harmless, word


def results_text(results: Sequence[CaseResult], *, style: Style) -> str:
    """Write every case; the last line counts."""
    return style.plain("\n".join(_lines(results, style))) + "\n"


def _lines(results: Sequence[CaseResult], style: Style) -> Iterator[str]:
    for result in results:
        sign = style.paint("PASS", Colour.GREEN) if result.passed else style.paint("FAIL", Colour.RED, Colour.BOLD)
        yield f"{sign}  {harmless(result.suite)}: {harmless(result.case.name)}"
        for mismatch in result.mismatches:
            yield from (f"      {line}" for line in _mismatch(mismatch))
        if not result.passed:
            yield style.paint(f"      at {harmless(result.case.place)}", Colour.DIM)
    colour = Colour.GREEN if all(result.passed for result in results) else Colour.RED
    yield style.paint(summary_line(results), Colour.BOLD, colour)


def _mismatch(mismatch: Mismatch) -> Iterator[str]:
    expected = mismatch.expected
    yield f"{word(expected.job_id)}: expected {_wanted(expected)}; got {_named(verdict_word(mismatch.verdict))}"
    yield from (f"  {harmless(reason)}" for reason in mismatch.reasons)


def _wanted(expected: Expected) -> str:
    because = f" because {', '.join(expected.because)}" if expected.because else ""
    by = f" by {', '.join(word(rule) for rule in expected.by)}" if expected.by else ""
    return _named(expected.verdict) + because + by


def _named(verdict: str) -> str:
    return verdict.replace("_", " ")


def summary_line(results: Iterable[CaseResult]) -> str:
    """Sum up in fixed words; other programs read this line."""
    outcomes = [result.passed for result in results]
    return f"{outcomes.count(True)} passed, {outcomes.count(False)} failed"


def junit_xml(results: Sequence[CaseResult]) -> str:
    """Write the same as JUnit XML: a suite per file, a test case per case.  Holds no character that XML forbids."""
    root = ElementTree.Element("testsuites", _counts(results))
    for suite in dict.fromkeys(result.suite for result in results):
        own = [result for result in results if result.suite == suite]
        element = ElementTree.SubElement(root, "testsuite", {"name": harmless(suite), **_counts(own)})
        for result in own:
            named = {"name": harmless(result.case.name), "classname": harmless(suite), "time": "0"}
            case = ElementTree.SubElement(element, "testcase", named)
            if not result.passed:
                lines = [line for mismatch in result.mismatches for line in _mismatch(mismatch)]
                failure = ElementTree.SubElement(case, "failure", {"message": lines[0], "type": "verdict"})
                failure.text = "\n".join((*lines, f"at {harmless(result.case.place)}"))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _counts(results: Sequence[CaseResult]) -> dict[str, str]:
    failed = sum(not result.passed for result in results)
    return {"tests": str(len(results)), "failures": str(failed), "errors": "0", "skipped": "0"}
