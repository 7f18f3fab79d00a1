"""A CSV file of times: every odd line is refused with its number, and none of it is taken for another time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.imports import ImportedRow, RefusedLine, TimesRead, judge
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView
from reconciler.errors import UsageRefused
from reconciler.ledger.times_file import LINE_AT_MOST, read_time, read_times
from tests.support.values import DAY, NOON, known

HEADER = b"job_id,created_at\n"
SECOND = timedelta(seconds=1)


def read(tmp_path: Path, content: bytes) -> TimesRead:
    path = tmp_path / "times.csv"
    path.write_bytes(content)
    return read_times(path)


def refused(tmp_path: Path, lines: bytes) -> dict[int, str]:
    return {each.line: each.why for each in read(tmp_path, HEADER + lines).refused}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T12:00:00z", NOON),
        ("2026-03-01t13:30:00+01:30", NOON),
        ("2026-03-01 07:00:00-05:00", NOON),
        ("2026-03-01T12:00:00.000Z", NOON),
        ("2026-03-01T11:59:59.000001Z", NOON),
        ("2026-03-01T11:59:59.0000000001Z", NOON),
        ("2024-02-29T00:00:00-00:00", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_utc_and_a_part_of_a_second_rounds_up(text: str, expected: datetime) -> None:
    assert read_time(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-03-01T12:00:00", "has no zone"),
        ("2026-03-01 12:00:00", "has no zone"),
        ("2026-03-01", "is not a time"),
        ("01/02/2026 12:00", "is not a time"),
        ("1772366400", "is not a time"),
        ("2026-03-01T12:00Z", "is not a time"),
        (" 2026-03-01T12:00:00Z", "is not a time"),
        ("2026-03-01T12:00:00 Z", "is not a time"),
        ("2026-03-01T12:00:00+0100", "is not a time"),
        ("٢٠٢٦-03-01T12:00:00Z", "is not a time"),
        ("", "is not a time"),
        ("2026-02-30T12:00:00Z", "is no time that a calendar knows"),
        ("2026-03-01T24:01:00Z", "is no time that a calendar knows"),
        ("2026-03-01T12:00:60Z", "is no time that a calendar knows"),
        ("2026-03-01T12:00:00+25:00", "is no time that a calendar knows"),
        ("0001-01-01T00:00:00+01:00", "is no time that a calendar knows"),
        ("9999-12-31T23:59:59.5Z", "is no time that a calendar knows"),
    ],
)
def test_anything_else_is_refused(text: str, why: str) -> None:
    told = read_time(text)
    assert isinstance(told, str)
    assert why in told


@given(st.text(max_size=30) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?([zZ]|[+-]\d\d:\d\d)"))
def test_any_text_is_a_time_or_a_reason(text: str) -> None:
    told = read_time(text)
    assert isinstance(told, str) or (told.tzinfo is UTC and told.microsecond == 0)


@pytest.mark.parametrize(
    "content",
    [
        b"job_id,created_at\na,2026-03-01T12:00:00Z\nb,2026-03-01T12:00:00Z\n",
        b"\xef\xbb\xbfjob_id,created_at\r\na,2026-03-01T12:00:00Z\r\nb,2026-03-01T12:00:00Z",
        b'"job_id","created_at"\r\n"a","2026-03-01T12:00:00Z"\r\n\r\n"b","2026-03-01T12:00:00Z"\r\n\r\n',
    ],
    ids=["plain", "mark, CRLF, no last line end", "quotes, empty lines"],
)
def test_the_usual_ways_to_write_csv_are_read_alike(tmp_path: Path, content: bytes) -> None:
    taken = read(tmp_path, content)
    assert [(row.job_id, row.made_at) for row in taken.rows] == [("a", NOON), ("b", NOON)]
    assert (taken.refused, taken.source) == ((), "times.csv")


def test_an_id_may_hold_what_csv_quotes(tmp_path: Path) -> None:
    taken = read(tmp_path, HEADER + 'x,2026-03-01T12:00:00Z\n"a,""b""\nü",2026-03-01T12:00:00Z\n'.encode())
    assert [(row.line, row.job_id) for row in taken.rows] == [(2, "x"), (3, 'a,"b"\nü')]


def test_each_odd_line_is_told_by_its_number(tmp_path: Path) -> None:
    lines = [
        b"a,2026-03-01T12:00:00Z",
        b",2026-03-01T12:00:00Z",
        b"a",
        b"a,2026-03-01T12:00:00Z,more",
        b" a,2026-03-01T12:00:00Z",
        b"\xff\xfe,2026-03-01T12:00:00Z",
        b"a\x00b,2026-03-01T12:00:00Z",
        b'"a"b,2026-03-01T12:00:00Z',
        b"a,yesterday",
        b"a,2026-03-01T12:00:00",
        b"x" * (LINE_AT_MOST + 1),
        b"b,2026-03-01T12:00:00Z",
        b'"open to the end,2026-03-01T12:00:00Z',
    ]
    told = refused(tmp_path, b"\n".join(lines))
    assert {line: why.split(";")[0] for line, why in told.items()} == {
        3: "names no job",
        4: "has 1 fields, not 2",
        5: "has 3 fields, not 2",
        6: "its job id has spaces around it, or is not UTF-8 text",
        7: "its job id has spaces around it, or is not UTF-8 text",
        8: "its job id has spaces around it, or is not UTF-8 text",
        9: "cannot be read as CSV: ',' expected after '\"'",
        10: "'yesterday' is not a time",
        11: "'2026-03-01T12:00:00' has no zone",
        12: f"is longer than {LINE_AT_MOST} bytes",
        14: "cannot be read as CSV: unexpected end of data",
    }
    assert [row.line for row in read(tmp_path, HEADER + b"\n".join(lines)).rows] == [2, 13]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"a,2026-03-01T12:00:00Z\n",
        b"created_at,job_id\n",
        b"job_id;created_at\n",
        HEADER.decode().encode("utf-16"),
    ],
    ids=["empty", "blank", "none", "turned round", "semicolon", "utf-16"],
)
def test_a_file_without_the_header_is_refused_whole(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageRefused, match="line 1 is not the header") as told:
        read(tmp_path, content)
    assert "job_id,created_at" in told.value.hint


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UsageRefused, match="cannot be read"):
            read_times(path)


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "times.csv"
    path.write_bytes(HEADER + b"x" * 30_000_000 + b"\nb,2026-03-01T12:00:00Z\n")
    tracemalloc.start()
    taken = read_times(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ([row.line for row in taken.rows], [each.line for each in taken.refused]) == ([3], [2])
    assert most < 3_000_000


# -- weighing


def row(line: int, job_id: str, made_at: datetime = NOON) -> ImportedRow:
    return ImportedRow(line, JobId(job_id), made_at)


SEEN = LedgerView(
    account="acme",
    jobs={JobId("a"): known(1, seen=NOON), JobId("b"): known(2, seen=NOON)},
    imported={JobId("b"): NOON - DAY, JobId("never"): NOON - DAY},
)


def test_new_moved_and_same_are_told_apart() -> None:
    rows = [row(2, "a"), row(3, "b", NOON - 2 * DAY), row(4, "never", NOON - DAY), row(5, "unseen"), row(6, "a")]
    judged = judge(rows, SEEN, NOON + DAY, replace=True)
    assert [each.job_id for each in judged.new] == ["a", "unseen"]
    assert [each.job_id for each in judged.moved] == ["b"]
    assert (judged.same, judged.not_seen, judged.refused) == (1, 1, ())


@pytest.mark.parametrize(
    ("rows", "line", "why"),
    [
        (
            [row(2, "a"), row(3, "a", NOON - DAY)],
            3,
            "job a was made at 2026-02-28T12:00:00Z here and at 2026-03-01T12:00:00Z in line 2",
        ),
        (
            [row(2, "a", NOON + SECOND)],
            2,
            "job a was made at 2026-03-01T12:00:01Z, which is after it was first seen (2026-03-01T12:00:00Z)",
        ),
        (
            [row(2, "unseen", NOON + DAY + SECOND)],
            2,
            "job unseen was made at 2026-03-02T12:00:01Z, which is yet to come (it is 2026-03-02T12:00:00Z)",
        ),
        (
            [row(2, "b")],
            2,
            "job b was made at 2026-03-01T12:00:00Z, and was imported as made at 2026-02-28T12:00:00Z; "
            "--replace moves it",
        ),
        (
            [row(2, "never")],
            2,
            "job never was made at 2026-03-01T12:00:00Z, and was imported as made at 2026-02-28T12:00:00Z; "
            "--replace moves it",
        ),
    ],
)
def test_what_cannot_be_true_is_refused(rows: list[ImportedRow], line: int, why: str) -> None:
    assert judge(rows, SEEN, NOON + DAY, replace=False).refused == (RefusedLine(line, why),)


def test_a_job_may_be_as_young_as_its_first_sighting_and_as_this_second() -> None:
    judged = judge([row(2, "a"), row(3, "unseen", NOON + DAY)], SEEN, NOON + DAY, replace=False)
    assert ([each.line for each in judged.new], judged.refused) == ([2, 3], ())


def test_replacing_does_not_allow_what_cannot_be_true() -> None:
    judged = judge([row(2, "b", NOON + SECOND)], SEEN, NOON + DAY, replace=True)
    assert [each.line for each in judged.refused] == [2]
