"""Fields that look like files and are not known are told once, in one line of bounded length."""

import pytest

from reconciler.core.job import Job
from reconciler.engine.notices import note_unlisted_fields
from tests.support.listening import Listening
from tests.support.values import inventory, job


def noted(*jobs: Job) -> list[str]:
    progress = Listening()
    note_unlisted_fields(inventory(*jobs), progress)
    assert progress.said == []
    return progress.noted


def test_each_field_is_named_with_how_many_jobs_have_it_the_most_first() -> None:
    jobs = (job("a", unlisted=("newUrl", "posterUrl")), job("b"), job("c", unlisted=("posterUrl",)))
    assert noted(*jobs) == [
        "Fields that look like files and are not known, so no archive holds them: posterUrl (2 jobs), newUrl (1 job)"
    ]


def test_of_fields_that_as_many_jobs_have_the_order_is_that_of_their_names() -> None:
    jobs = (job("a", unlisted=("posterUrl", "zipUrl")), job("b", unlisted=("newUrl",)))
    (line,) = noted(*jobs)
    assert line.endswith(": newUrl (1 job), posterUrl (1 job), zipUrl (1 job)")


def test_nothing_is_told_where_there_is_none() -> None:
    assert noted(job("a"), job("b")) == []
    assert noted() == []


@pytest.mark.parametrize(
    ("number", "end"), [(10, "f09 (1 job)"), (11, "f09 (1 job) and 1 more"), (999, "and 989 more")]
)
def test_many_fields_and_long_ones_stay_one_line_of_bounded_length(number: int, end: str) -> None:  # I12
    (line,) = noted(job("a", unlisted=tuple(f"f{each:02d}" for each in range(number))))
    assert line.endswith(end)
    (line,) = noted(job("a", unlisted=tuple(f"{each:03d}" + "x" * 5000 for each in range(number))))
    assert len(line) < 1000
