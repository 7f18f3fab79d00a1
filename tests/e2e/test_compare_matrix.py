"""The matrix of bad downloads (docs/compare.md): measured again with what this machine has, and how a loss is told."""

from collections import Counter
from pathlib import Path

import pytest

from bench.compare.bad_downloads import FILES
from bench.compare.emulated import emulated
from bench.compare.fetching import FETCHERS, Fetcher
from bench.compare.matrix import OURS, ROWS, SAMPLE, Cell, Fate, Matrix, Row, measure
from bench.compare.matrix_page import matrix_part, matrix_table, read_matrix, read_versions, total

PAGE = (Path(__file__).parents[2] / "docs" / "compare.md").read_text(encoding="utf-8")


PATIENCE_S = 900
"""The first test that needs it waits for the whole measurement."""


@pytest.fixture(scope="module")
def measured() -> Matrix:
    """With the peer that every machine has; the others wait for minutes between their tries."""
    with emulated() as service:
        return measure(service, [each for each in FETCHERS if each.program == "curl"])


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S)
def test_ours_loses_no_file_and_gets_whole_what_can_be_had(measured: Matrix) -> None:  # I15
    assert {row.script: cell[Fate.LOST] for row, cell in measured[OURS].items() if cell[Fate.LOST]} == {}
    assert total(measured[OURS])[Fate.WHOLE] > max(
        total(measured[name])[Fate.WHOLE] for name in measured if name != OURS
    )


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S)
def test_the_page_shows_what_was_measured(measured: Matrix) -> None:
    written, versions = read_matrix(PAGE), read_versions(PAGE)
    assert set(versions) == {each.name for each in FETCHERS}, "the page is written where all of them are"
    assert set(measured) == {"curl -s", "curl -f", SAMPLE, OURS}
    together = {name: measured.get(name, column) for name, column in written.items()}
    assert together == written, f"`make compare` writes it again\n{matrix_table(measured)}"
    assert PAGE.endswith(matrix_part(written, FETCHERS, versions)), "`make compare` writes it again"


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S)
def test_every_other_program_loses_files(measured: Matrix) -> None:
    assert all(total(column)[Fate.LOST] for name, column in measured.items() if name != OURS), matrix_table(measured)


def test_a_file_is_lost_if_a_program_says_nothing_and_it_is_not_what_the_service_has() -> None:
    rows = (Row("no-etag", is_lasting=True), Row("zero", is_lasting=True))
    says_yes = Fetcher("true", "", lambda _address, _path: ("true",))
    says_no = Fetcher("false", "", lambda _address, _path: ("false",))
    curl = Fetcher("curl", "", lambda address, path: ("curl", "-q", "-s", "-o", str(path), address))
    absent = Fetcher("no-such-program", "", lambda _address, _path: ("no-such-program",))
    with emulated() as service:
        matrix = measure(service, (says_yes, says_no, curl, absent), rows)
    assert set(matrix) == {"true", "false", "curl", SAMPLE, OURS}
    assert told(matrix, "true") == [{Fate.LOST: 10}, {Fate.LOST: 10}]
    assert told(matrix, "false") == [{Fate.FAILED: 10}, {Fate.FAILED: 10}]
    assert told(matrix, "curl") == [{Fate.WHOLE: 10}, {Fate.LOST: 10}]
    assert told(matrix, SAMPLE) == [{Fate.WHOLE: 1, Fate.LOST: 9}, {Fate.LOST: 10}]
    assert told(matrix, OURS) == [{Fate.WHOLE: 10}, {Fate.FAILED: 10}]


def told(matrix: Matrix, name: str) -> list[Cell]:
    return list(matrix[name].values())


def test_a_written_matrix_reads_back_as_it_was_and_one_of_other_rows_is_refused() -> None:
    cell = Counter({Fate.WHOLE: 7, Fate.LOST: len(FILES) - 7})
    matrix: Matrix = {name: dict.fromkeys(ROWS, cell) for name in ("curl -s", OURS)}
    page = matrix_part(matrix, FETCHERS, {"curl -s": "7.88.1"})
    assert read_matrix(page) == matrix
    assert read_versions(page) == {"curl -s": "7.88.1"}
    assert "`aria2c` is left out: this machine has no aria2c" in page
    with pytest.raises(ValueError, match="not those of today"):
        read_matrix(page.replace("| `zero` ", "| `nought` "))
