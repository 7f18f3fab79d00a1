"""A list of the service, read page by page to its own end mark: the one walk, whatever the pages list.

A page that failed for good, a key that comes back, items that are none: each makes the list no list, since what it
does not show cannot be told from what is not there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from reconciler.errors import AuthenticationRefused, InventoryIncomplete, ServiceError
from reconciler.pictory.answers import Kind
from reconciler.pictory.calls import ApiCalls, Got
from reconciler.pictory.parts import REPEATED, Part, items

MOST_PAGES = 100_000
"""A list that goes on beyond this is taken for one that never ends."""

NOTHING_DECIDED = "Nothing was decided from it. Try again; if it stays, the service's list is broken."


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page as it came: its items, the next page's key or "", how the end was marked, the service's time."""

    items: tuple[Part, ...]
    next_key: str
    end_marker: str
    told_at: datetime | None


class Keyed(Protocol):
    """What a page must tell for the walk to go on."""

    @property
    def next_key(self) -> str:
        """The next page's key; "" on the last one."""


P = TypeVar("P", bound=Keyed)


def walk(ask: Callable[[int, str], P], *, named: str, most: int = MOST_PAGES) -> Iterator[P]:
    """Give every page until one says that none follows; `ask` is given a page's number, from 1, and its key.

    `named` names the list in messages: "the job list".

    Raises:
        InventoryIncomplete: a key comes back, or there are more than `most` pages.
    """
    seen: set[str] = set()
    key = ""
    for number in range(1, most + 1):
        page = ask(number, key)
        yield page
        key = page.next_key
        if not key:
            return
        if key in seen:
            raise InventoryIncomplete(
                f"page {number} of {named} points back to a page that was read already", hint=NOTHING_DECIDED
            )
        seen.add(key)
    raise InventoryIncomplete(
        f"{named} goes on after page {most}, and --max-pages allows {most}", hint=to_raise("--max-pages", most)
    )


def to_raise(flag: str, cap: int) -> str:
    """Say which flag lets a longer list be read."""
    return f"Nothing was decided from it. If the account is that large: {flag} {2 * cap}, or more."


def read_page(calls: ApiCalls, path: str, number: int, key: str, *, named: str) -> RawPage:
    """Read one page of the list at `path`.

    Raises:
        InventoryIncomplete: it could not be had, or is not what a page is.
        AuthenticationRefused: the key was refused.
    """
    what = f"GET {path} page {number}"
    try:
        got = calls.get(path, what=what, query={"nextPageKey": key} if key else None)
    except AuthenticationRefused:
        raise
    except ServiceError as error:
        raise InventoryIncomplete(
            f"{named} could not be read to its end: {error.message}", hint=error.hint or NOTHING_DECIDED
        ) from error
    if got is None or got.answer.kind is not Kind.FINE:
        said = "not found" if got is None else f"HTTP {got.answer.status}: {got.answer.words}"
        raise InventoryIncomplete(f"{named} could not be read: {what}: {said}", hint=NOTHING_DECIDED)
    return _raw_page(got, f"page {number} of {named}")


def _raw_page(got: Got, page: str) -> RawPage:
    body = got.answer.body
    listed = body.get("items")
    if not isinstance(listed, Part) or not listed.is_array:
        raise InventoryIncomplete(f"{page} has no `items`", hint=NOTHING_DECIDED)
    if body.get(REPEATED):
        raise InventoryIncomplete(f"{page} says the same thing twice", hint=NOTHING_DECIDED)
    read = items(listed)
    strange = [item for item in read if not item.is_object]
    if strange:
        raise InventoryIncomplete(
            f"{page} holds {len(strange)} items that are no objects ({strange[0].content[:20]!r})", hint=NOTHING_DECIDED
        )
    next_key, marker = _next_key(body.get("nextPageKey", _ABSENT), page)
    return RawPage(read, next_key, marker, got.told_at)


_ABSENT = object()


def _next_key(value: object, page: str) -> tuple[str, str]:
    if value is _ABSENT:
        return "", "absent"
    if value is None:
        return "", "null"
    if value == "":
        return "", "empty"
    if not isinstance(value, str):
        raise InventoryIncomplete(f"{page} gives a {type(value).__name__} as the next page's key", hint=NOTHING_DECIDED)
    return value, ""
