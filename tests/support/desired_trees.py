"""Trees of the vocabulary of the desired-state file: mostly valid ones, and any other."""

from typing import Any

from hypothesis import strategies as st

from reconciler.published_schemas import schema

SCHEMA = schema("desired-state.v1.json")
RULE = SCHEMA["definitions"]["rule"]["properties"]
MATCH = SCHEMA["definitions"]["match"]["properties"]

IDS = st.sampled_from(["a", "b", "c", "1e5", "007", "no", "x:y"])
NAMES = st.sampled_from(["launch", "r-1", "42", "x: y", "# no comment", "ü", "*"])
GLOBS = st.sampled_from(["a*", "b?", "product-*", "7", "\\*x", "[a", "{b}"])
SPANS = st.sampled_from(["1h", "36h", "30d", "2w", "36500d"])
SIZES = st.sampled_from(["1B", "200GB", "64 GiB"])
COUNTS = st.integers(1, 9)


def _several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.lists(values, min_size=1, max_size=3))


TYPES = st.sampled_from(SCHEMA["definitions"]["type"]["enum"])
STATUSES = st.sampled_from(SCHEMA["definitions"]["status"]["enum"])
LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "id": _several(GLOBS),
    "type": _several(TYPES),
    "status": _several(STATUSES),
    "name": _several(GLOBS),
    "label": _several(st.sampled_from(["one", "two"])),
    "project": _several(GLOBS),
}


def _some_of(keys: dict[str, st.SearchStrategy[Any]], most: int) -> st.SearchStrategy[dict[str, Any]]:
    chosen = st.lists(st.sampled_from(sorted(keys)), min_size=1, max_size=most, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: keys[name] for name in names}))


MATCHES = st.recursive(
    _some_of(LEAVES, 3),
    lambda inner: _some_of(
        {
            **LEAVES,
            "any": st.lists(inner, min_size=1, max_size=2),
            "all": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
        3,
    ),
    max_leaves=5,
)
WORDS: dict[str, st.SearchStrategy[Any]] = {
    "until": st.sampled_from(["2027-01-31", "2028-02-29"]),
    "owner": NAMES,
    "reason": st.sampled_from(["why not", "two\nlines\n", "  spaces", "a # b"]),
    "protect": st.just(True),
    "archive": st.just("now"),
    "mute": st.just([{"reason": "known", "code": "owner-missing"}]),
}
KEEPS: dict[str, st.SearchStrategy[Any]] = {
    "keep_last": COUNTS,
    "keep_within": SPANS,
    "keep_daily": COUNTS,
    "keep_weekly": COUNTS,
    "keep_monthly": COUNTS,
    "keep_yearly": COUNTS,
    "keep_bytes": SIZES,
    "group_by": st.lists(st.sampled_from(["type", "name", "project"]), min_size=1, max_size=2, unique=True),
}


@st.composite
def rules(draw: st.DrawFn) -> Any:
    form = draw(st.sampled_from(["bare", "ids", "match", "keep"]))
    if form == "bare":
        return draw(st.uuids().map(str))
    rule: dict[str, Any] = {}
    if form == "ids":
        rule["ids"] = draw(st.lists(IDS, min_size=1, max_size=3, unique=True))
    else:
        if form == "match":
            rule["match"] = draw(MATCHES)
        rule |= draw(_some_of(KEEPS, 3))
        if "group_by" in rule or not set(rule) - {"match"}:
            rule["keep_last"] = 3
    rule |= draw(st.one_of(st.just({}), _some_of(WORDS, 4)))
    if {"until", "protect"} & set(rule):
        rule.setdefault("owner", "somebody")
    return dict(draw(st.permutations(list(rule.items()))))


SECTIONS: dict[str, st.SearchStrategy[Any]] = {
    "state": st.sampled_from(["state", "state/x.db"]),
    "scope": st.fixed_dictionaries({"types": st.lists(TYPES, min_size=1, max_size=3)}),
    "timezone": st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago"]),
    "clock": st.just({"trust": ["ledger", "share_link"]}),
    "links": st.just([{"needs": ["b"], "job": "a"}]),
    "archive": st.sampled_from([{"stores": ["file:./bags"]}, {"copies": 1}, {}]),
    "clean": st.fixed_dictionaries(
        {},
        optional={
            "max_bytes": SIZES,
            "max_share": st.sampled_from(["10%", "2.5 %"]),
            "max_jobs": st.integers(0, 99),
            "release_delay": SPANS,
            "grace": st.one_of(SPANS, st.just("0")),
            "min_age": SPANS,
        },
    ),
    "storage": st.sampled_from([{"budget": "500GB"}, {"warn_at": "70%", "budget": "1TB"}]),
}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents that are valid, with their keys in any order."""
    document: dict[str, Any] = {
        "version": 1,
        "account": "acme",
        "otherwise": draw(st.sampled_from(["report", "archive", "clean"])),
        "labels": {"two": ["b"], "one": ["a", "c"]},
        "retain": draw(st.lists(rules(), min_size=1, max_size=4, unique_by=str)),
    }
    document |= draw(st.one_of(st.just({}), _some_of(SECTIONS, 4)))
    return dict(draw(st.permutations(list(document.items()))))


KEYS = st.sampled_from(sorted({*SCHEMA["properties"], *RULE, *MATCH, "types", "trust", "job", "needs", "code", "zzz"}))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 3),
    st.sampled_from([1.0, 1.5, "", "now", "1d", "10%", "200GB", "2027-01-31", "2027-02-30", "UTC", "a\n", "file:x"]),
    TYPES,
    STATUSES,
    IDS,
)
ANY_TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
"""Any tree of our keys and words: hardly ever valid."""


@st.composite
def near_documents(draw: st.DrawFn) -> Any:
    """A valid document with one thing in it replaced."""
    document: Any = draw(documents())
    places = list(_places(document))
    at = draw(st.sampled_from(places))
    return _replaced(document, at, draw(ANY_TREES))


def _places(value: Any, at: tuple[Any, ...] = ()) -> Any:
    yield at
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in entries:
        yield from _places(inner, (*at, name))


def _replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[at[0]] = _replaced(value[at[0]], at[1:], new)
    return copied
