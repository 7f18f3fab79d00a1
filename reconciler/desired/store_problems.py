"""What the schema cannot see of the stores: two that are one place, settings that a kind of store has not."""

from collections.abc import Iterator, Mapping
from posixpath import normpath

from reconciler.desired.texts import at
from reconciler.desired.wording import shown, spelled
from reconciler.desired.yaml_text import Problem
from reconciler.desired.yaml_tree import Path, Tree, Value

STORES: Path = ("archive", "stores")


def store_problems(tree: Tree) -> Iterator[Problem]:
    """Tell what is wrong with the stores, and with how many copies they can hold."""
    stores = at(tree.value, STORES)
    listed = stores if isinstance(stores, list) else []
    seen: dict[str, str] = {}
    for index, store in enumerate(listed):
        settings = store if isinstance(store, dict) else {"url": store}
        address = settings.get("url")
        if isinstance(address, str):
            path: Path = (*STORES, index)
            yield from _shared_place(tree, path, address, str(settings.get("endpoint", "")), seen)
            yield from _odd_settings(tree, path, settings, address.partition(":")[0])
    copies, most = at(tree.value, ("archive", "copies")), max(len(listed), 1)
    if isinstance(copies, int) and not isinstance(copies, bool) and copies > most:
        yield Problem(
            tree.place(("archive", "copies")),
            f"archive.copies is {copies}, and there {'is' if most == 1 else 'are'} {most} "
            f"{'store' if most == 1 else 'stores'}; write at most {most}, or add stores",
        )


def _shared_place(tree: Tree, path: Path, address: str, endpoint: str, seen: dict[str, str]) -> Iterator[Problem]:
    scheme, _, rest = address.partition(":")
    place = f"{endpoint} {scheme}:{normpath(rest)}"
    what = "folder" if scheme == "file" else "place"
    if place in seen:
        yield Problem(tree.place(path), f"{spelled(path)} is {shown(address)}, the {what} of another store")
    elif (
        scheme != "file"
    ):  # a folder in a folder is a store of its own; a prefix in a prefix is listed and read with it
        for other, told in seen.items():
            if place.startswith(f"{other}/") or other.startswith(f"{place}/"):
                yield Problem(tree.place(path), f"{spelled(path)} is {shown(address)}, and {told} overlaps it")
    seen.setdefault(place, shown(address))


SETTINGS: Mapping[str, frozenset[str]] = {
    "s3": frozenset({"endpoint", "region", "storage_class", "encryption", "kms_key", "tags"}),
    "gs": frozenset(),
    "az": frozenset({"endpoint", "tags"}),
}


def _odd_settings(tree: Tree, path: Path, settings: Mapping[str, Value], scheme: str) -> Iterator[Problem]:
    for key in settings:
        if key in SETTINGS["s3"] and scheme in SETTINGS and key not in SETTINGS[scheme]:
            place = tree.key_places.get((*path, key), tree.place(path))
            yield Problem(place, f"{spelled((*path, key))} is no setting of {scheme}:// stores; leave it out")
    if scheme == "s3" and "kms_key" in settings and settings.get("encryption") not in {"aws:kms", "aws:kms:dsse"}:
        place = tree.key_places.get((*path, "kms_key"), tree.place(path))
        yield Problem(place, f"{spelled((*path, 'kms_key'))} needs encryption: aws:kms beside it")
