"""What becomes of a downloaded file: the table, against the same policy written out as sentences (I15)."""

from itertools import product
from pathlib import Path

import pytest

from reconciler.archive.acceptance import POLICY, Reading, Row, Verdict, verdict
from reconciler.archive.findings import Answer, Finding
from reconciler.archive.proof import Judgement
from reconciler.core.desired import SecondRead

PAGE = Path(__file__).parents[2] / "docs" / "wholeness.md"
BOTH = (False, True)


def judgement(*, refuted: bool, whole: bool, checksum: bool, doubtful: bool) -> Judgement:
    findings = [Finding(Answer.CANNOT_TELL, "nothing", proves_end=True, is_checksum=True)]
    if refuted:
        findings.append(Finding(Answer.REFUTED, "no", proves_end=True, is_checksum=True))
    if whole:
        findings.append(Finding(Answer.PROVED, "the end", proves_end=True))
    if checksum:
        findings.append(Finding(Answer.PROVED, "the sum", is_checksum=True))
    return Judgement(tuple(findings), doubtful)


def in_words(
    *, refuted: bool, whole: bool, checksum: bool, doubtful: bool, setting: SecondRead, second: Reading
) -> Verdict:
    if refuted or not whole or second is Reading.DIFFERENT:
        return Verdict.REFUSE
    needs_another = setting is SecondRead.ALWAYS or (
        not checksum and (doubtful or setting is SecondRead.WHEN_NO_CHECKSUM)
    )
    return Verdict.READ_AGAIN if needs_another and second is Reading.NONE else Verdict.TAKE


@pytest.mark.parametrize("setting", SecondRead)
@pytest.mark.parametrize("second", Reading)
def test_the_table_says_what_the_sentences_say_in_every_case(setting: SecondRead, second: Reading) -> None:
    for refuted, whole, checksum, doubtful in product(BOTH, repeat=4):
        told = judgement(refuted=refuted, whole=whole, checksum=checksum, doubtful=doubtful)
        assert verdict(told, setting, second) is in_words(
            refuted=refuted, whole=whole, checksum=checksum, doubtful=doubtful, setting=setting, second=second
        ), (refuted, whole, checksum, doubtful)


def test_the_last_row_fits_all_and_each_row_decides_some_case() -> None:
    assert POLICY[-1] == Row(verdict=Verdict.READ_AGAIN)
    cases = [
        (judgement(refuted=refuted, whole=whole, checksum=checksum, doubtful=doubtful), setting, second)
        for refuted, whole, checksum, doubtful in product(BOTH, repeat=4)
        for setting, second in product(SecondRead, Reading)
    ]
    deciding = {next(index for index, row in enumerate(POLICY) if row.fits(*case)) for case in cases}
    assert deciding == set(range(len(POLICY)))


def test_the_page_shows_the_table() -> None:
    lines = ["| a check refutes it | its end is proved | second reading | `second_read` | checksum | doubt | then |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for row in POLICY:
        cells = (
            {None: "", True: "yes", False: "no"}[row.refuted],
            {None: "", True: "yes", False: "no"}[row.whole],
            row.second.value if row.second else "",
            f"`{row.setting.value}`" if row.setting else "",
            "equal" if row.checksum else "",
            "ETag looks like another MD5, or it was joined" if row.doubtful else "",
            row.verdict.value,
        )
        lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |"))
    assert "\n".join(lines) in PAGE.read_text(encoding="utf-8")
