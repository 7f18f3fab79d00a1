"""What the schema cannot say: names that must be there once, or at all; quantities; ids in two spellings; secrets.

The schema may have refused the document already: what has another form than it says is passed over here.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

from reconciler.core.findings import Severity
from reconciler.core.lint import CODES
from reconciler.desired.quantities import day, duration, share, size
from reconciler.desired.store_problems import store_problems
from reconciler.desired.texts import at
from reconciler.desired.wording import meant, shown, spelled
from reconciler.desired.yaml_text import Place, Problem
from reconciler.desired.yaml_tree import Path, Tree, Value
from reconciler.desired.zones import zone_names

QUANTITIES: Mapping[Path, Callable[[str], object]] = {
    ("clean", "min_age"): duration,
    ("clean", "grace"): duration,
    ("clean", "release_delay"): duration,
    ("clean", "max_share"): share,
    ("clean", "max_bytes"): size,
    ("storage", "budget"): size,
    ("storage", "warn_at"): share,
}
OF_A_RULE: Mapping[str, Callable[[str], object]] = {"keep_within": duration, "keep_bytes": size, "until": day}
NOT_ZERO = frozenset({"keep_within", "keep_bytes", "release_delay", "budget"})


def meaning_problems(tree: Tree) -> Iterator[Problem]:
    """Tell what is wrong with a document beyond its form."""
    rules = [(index, rule) for index, rule in enumerate(_list(tree, ("retain",))) if isinstance(rule, dict)]
    yield from _name_problems(tree)
    yield from _id_problems(tree)
    for path, read in QUANTITIES.items():
        yield from _quantity_problem(tree, path, read)
    for index, rule in rules:
        for key, read in OF_A_RULE.items():
            if key in rule:
                yield from _quantity_problem(tree, ("retain", index, key), read)
        yield from _match_problems(tree, ("retain", index, "match"))
        yield from _mute_problems(tree, ("retain", index, "mute"))
    yield from _zone_problem(tree)
    yield from store_problems(tree)
    yield from _ledger_problem(tree)
    yield from _link_problems(tree)


def _list(tree: Tree, path: Path) -> list[Value]:
    found = at(tree.value, path)
    return found if isinstance(found, list) else []


# -- names


def _name_problems(tree: Tree) -> Iterator[Problem]:
    """Refuse a name that two rules would have in plans; a bare id names its own, `retain[3]` one without a name."""
    names: dict[str, Place] = {}
    written: list[tuple[str, Place]] = []
    for index, rule in enumerate(_list(tree, ("retain",))):
        name = rule.get("name") if isinstance(rule, dict) else rule
        if isinstance(rule, dict) and isinstance(name, str):
            written.append((name, tree.place(("retain", index, "name"))))
        else:
            names.setdefault(name if isinstance(name, str) else f"retain[{index}]", tree.place(("retain", index)))
    for name, place in written:
        yield from _once(names, name, place, "the rule name")


def _once(seen: dict[str, Place], text: str, place: Place, what: str) -> Iterator[Problem]:
    before = seen.setdefault(text, place)
    if before is not place:
        yield Problem(place, f"{what} {shown(text)} stands in line {before.line} already; keep one of them")


# -- ids


def _id_problems(tree: Tree) -> Iterator[Problem]:
    spellings: dict[str, tuple[str, Place]] = {}
    lists: dict[Path, dict[str, Place]] = {}
    for path, job_id in sorted(_ids(tree), key=lambda each: tree.place(each[0])):
        place = tree.place(path)
        yield from _odd_characters(place, path, job_id)
        if path[-1] != "job":
            yield from _once(lists.setdefault(path[:-1], {}), job_id, place, "the id")
        spelling, before = spellings.setdefault(_folded(job_id), (job_id, place))
        if spelling != job_id:
            how = "in case" if spelling.casefold() == job_id.casefold() else "in how it is spelled"
            yield Problem(
                place,
                f"the id {shown(job_id)} differs from {shown(spelling)} in line {before.line} only {how}; "
                "ids are compared exactly: write the one that exists",
            )


def _odd_characters(place: Place, path: Path, job_id: str) -> Iterator[Problem]:
    if job_id.isprintable() and " " not in job_id:
        return  # all the others; asking each character its category would take a third of the time of a long list
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in job_id):
        yield Problem(place, f"{spelled(path)} is {shown(job_id)}; an id has no control characters")
    elif any(character.isspace() for character in job_id):
        yield Problem(
            place,
            f"{spelled(path)} is {shown(job_id)}; an id has no white space: each stands behind a dash of its own, "
            'or a comma (match: {id: "a?b"} keeps what has any)',
        )


def _folded(job_id: str) -> str:
    return unicodedata.normalize("NFKC", job_id).casefold().strip()


def _ids(tree: Tree) -> Iterator[tuple[Path, str]]:
    """Give every id that is meant literally, with where it stands."""
    labels = at(tree.value, ("labels",))
    lists: list[Path] = [("labels", name) for name in (labels if isinstance(labels, dict) else ())]
    for index, link in enumerate(_list(tree, ("links",))):
        if isinstance(link, dict) and isinstance(link.get("job"), str):
            yield ("links", index, "job"), str(link["job"])
        lists.append(("links", index, "needs"))
    for index, rule in enumerate(_list(tree, ("retain",))):
        if isinstance(rule, str):
            yield ("retain", index), rule
        else:
            lists.append(("retain", index, "ids"))
    for path in lists:
        for position, job_id in enumerate(_list(tree, path)):
            if isinstance(job_id, str):
                yield (*path, position), job_id


# -- quantities


def _quantity_problem(tree: Tree, path: Path, read: Callable[[str], object]) -> Iterator[Problem]:
    written = at(tree.value, path)
    if not isinstance(written, str) or not written:
        return
    try:
        found = read(written)
    except ValueError as error:
        yield Problem(
            tree.place(path), f"{spelled(path)} is {shown(written)}; {error}".replace(*_OR_NONE[path[-1] in NOT_ZERO])
        )
        return
    if path[-1] in NOT_ZERO and not found:
        yield Problem(
            tree.place(path), f"{spelled(path)} is {shown(written)}; write more than nothing, or leave it out"
        )


_OR_NONE = {True: (" (or 0)", ""), False: ("", "")}


def _zone_problem(tree: Tree) -> Iterator[Problem]:
    name = at(tree.value, ("timezone",))
    if isinstance(name, str) and name and name != "UTC" and name not in zone_names():
        hint = meant(name, zone_names()) or "write a name of the IANA database, such as Europe/Berlin or UTC"
        yield Problem(tree.place(("timezone",)), f"timezone is {shown(name)}, which is no zone; {hint}")


# -- match


def _match_problems(tree: Tree, path: Path) -> Iterator[Problem]:
    match = at(tree.value, path)
    if not isinstance(match, dict):
        return
    yield from _label_problems(tree, (*path, "label"))
    for key in ("id", "name", "project"):
        for inner, glob in _texts_at(tree, (*path, key)):
            if (len(glob) - len(glob.rstrip("\\"))) % 2:
                yield Problem(
                    tree.place(inner), f"{spelled(inner)} is {shown(glob)}; a backslash at the end escapes nothing"
                )
    for key in ("any", "all"):
        for index, _ in enumerate(_list(tree, (*path, key))):
            yield from _match_problems(tree, (*path, key, index))
    yield from _match_problems(tree, (*path, "not"))


def _label_problems(tree: Tree, path: Path) -> Iterator[Problem]:
    labels = at(tree.value, ("labels",))
    known = labels if isinstance(labels, dict) else {}
    for inner, name in _texts_at(tree, path):
        if name and name not in known:
            near = known if len(known) <= MOST_COMPARED else ()
            hint = meant(name, near) or f"write labels: {{{shown(name)}: [a job id]}} at the top of the file"
            yield Problem(
                tree.place(inner), f"{spelled(inner)} is {shown(name)}, which is no label of this file; {hint}"
            )


MOST_COMPARED = 100
"""Labels among which the one that was meant is looked for: each takes time, and there may be a mistake in each rule."""


def _texts_at(tree: Tree, path: Path) -> Iterator[tuple[Path, str]]:
    found = at(tree.value, path)
    if isinstance(found, str):
        yield path, found
    for index, each in enumerate(found if isinstance(found, list) else []):
        if isinstance(each, str):
            yield (*path, index), each


# -- the rest


def _mute_problems(tree: Tree, path: Path) -> Iterator[Problem]:
    can_be_muted = sorted(code for code, severity in CODES.items() if severity is not Severity.ERROR)
    for index, _ in enumerate(_list(tree, path)):
        code = at(tree.value, (*path, index, "code"))
        if isinstance(code, str) and code not in can_be_muted:
            place, name = tree.place((*path, index, "code")), spelled((*path, index, "code"))
            if code in CODES:
                yield Problem(place, f"{name} is {shown(code)}, an error; errors cannot be muted: mend it")
            else:
                hint = meant(code, can_be_muted) or f"the codes are: {', '.join(can_be_muted)}"
                yield Problem(place, f"{name} is {shown(code)}, which lint never finds; {hint}")


def _ledger_problem(tree: Tree) -> Iterator[Problem]:
    state = at(tree.value, ("state",))
    if not isinstance(state, str) or "://" not in state:
        return
    if _holds_password(state):
        yield Problem(
            tree.place(("state",)), "state holds a password; take it out: the file is read by everyone who reviews it"
        )
    elif not state.startswith(("postgresql://", "postgres://")):
        yield Problem(
            tree.place(("state",)),
            f"state is {shown(state)}; write a folder, a file that ends in .db, or postgresql://USER@HOST/DATABASE",
        )


def _holds_password(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:  # what no parser accepts may hide anything
        return True
    return parts.password is not None or bool(
        {"password", "passwd", "pwd", "sslpassword", "oauth_client_secret"}
        & {each.lower() for each in parse_qs(parts.query)}
    )


def _link_problems(tree: Tree) -> Iterator[Problem]:
    for index, link in enumerate(_list(tree, ("links",))):
        needs = _list(tree, ("links", index, "needs"))
        job = link.get("job") if isinstance(link, dict) else None
        for position, need in enumerate(needs):
            if isinstance(need, str) and need == job:
                path = ("links", index, "needs", position)
                yield Problem(tree.place(path), f"{spelled(path)} is the job itself; name what it needs")
