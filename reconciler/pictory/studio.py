"""The AI Studio lists as evidence of time: the address of each result, and when it was made.

Evidence is never fatal: a list that cannot be read to its end gives none, and says why, since a date on a page that
was not read might contradict one that was.  A refused key is an error here as everywhere.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from reconciler.core.created_dates import RESULT_FIELD, is_signed
from reconciler.core.job import without_query
from reconciler.engine.account import ResultDates
from reconciler.errors import InventoryIncomplete
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.pages import MOST_PAGES, RawPage, read_page, walk
from reconciler.pictory.parts import Part, fields

LISTS = (("/v1/aistudio/images", "the list of AI images"), ("/v1/aistudio/videos", "the list of AI videos"))
DATE_FIELD = "createdDate"

_WANTED = frozenset({RESULT_FIELD, DATE_FIELD})


class StudioLists:
    """Reads both lists; sends GET only.  A list longer than `most_pages` is taken for one that never ends."""

    def __init__(self, calls: ApiCalls, *, most_pages: int = MOST_PAGES) -> None:
        self._calls = calls
        self._most_pages = most_pages

    def result_dates(self) -> ResultDates:
        """Read both lists to their ends.

        Raises:
            AuthenticationRefused: the key was refused.
        """
        gathered, problems = _Gathered(), []
        for path, named in LISTS:
            try:
                items = [item for page in self._pages(path, named) for item in page.items]
            except InventoryIncomplete as error:
                problems.append(error.message)
                continue
            for item in items:
                gathered.add(item)
        return gathered.told(tuple(problems))

    def _pages(self, path: str, named: str) -> Iterator[RawPage]:
        def page(number: int, key: str) -> RawPage:
            return read_page(self._calls, path, number, key, named=named)

        return walk(page, named=named, most=self._most_pages)


class _Gathered:
    """Dates by address, while they come in."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, datetime]] = {}
        self._contradictory: set[str] = set()
        self._undated = 0
        self._unaddressed = 0

    def add(self, item: Part) -> None:
        """Take one item in; what it lacks leaves it out, and counted."""
        read = fields(item, only=_WANTED)
        address, date = read.get(RESULT_FIELD), created_date(read.get(DATE_FIELD))
        if not isinstance(address, str) or not address:
            self._unaddressed += 1
        elif date is None:
            self._undated += 1
        else:
            # A page that moved shows a result again, under another signature: it is one result still.
            name = without_query(address) if is_signed(address) else address
            if self._found.setdefault(name, (address, date))[1] != date:
                self._contradictory.add(name)

    def told(self, problems: tuple[str, ...]) -> ResultDates:
        """Give what came of it."""
        clear = (kept for name, kept in self._found.items() if name not in self._contradictory)
        return ResultDates(
            dates=dict(clear),
            undated=self._undated,
            unaddressed=self._unaddressed,
            contradictory=len(self._contradictory),
            problems=problems,
        )


def created_date(value: object) -> datetime | None:
    """Read a date as UTC; None for one without a zone, or unreadable: it would be hours off either way."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return read.astimezone(UTC) if read.tzinfo else None
    except (ValueError, OverflowError):
        return None
