"""Rules of the house that a reader would otherwise have to remember."""

import ast
import re
from pathlib import Path

from reconciler.errors import EXIT_CODES, ReconcilerError

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "reconciler").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

EXEMPTION = re.compile(r"#\s*(type: ignore|noqa|pragma: no cover)(?P<code>\[[\w, -]+\]|: ?[A-Z0-9, ]+)?(?P<reason>.*)")
EXEMPTIONS_IN_SOURCES = 17
EXEMPTIONS_IN_TESTS = 16

BANNED_NAMES = re.compile(r"(?<![a-z])(manager|helper|util|utils|misc|handle|process)(?![a-z])")


def exemptions(paths: list[Path]) -> list[str]:
    found = []
    for path in paths:
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            match = EXEMPTION.search(line)
            if match:
                found.append(f"{path.relative_to(ROOT)}:{number}: {match[0]}")
                assert match["code"], f"an exemption without its code: {found[-1]}"
                assert len(match["reason"].strip(" -#")) > 10, f"an exemption without its reason: {found[-1]}"
    return found


def test_exemptions_carry_a_reason_and_their_number_is_pinned() -> None:
    assert len(exemptions(SOURCES)) == EXEMPTIONS_IN_SOURCES, "\n".join(exemptions(SOURCES))
    assert len(exemptions(TESTS)) == EXEMPTIONS_IN_TESTS, "\n".join(exemptions(TESTS))


def test_each_invariant_of_the_architecture_is_named_by_a_test() -> None:
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    invariants = set(re.findall(r"^\| (I\d+) \|", table, flags=re.MULTILINE))
    assert invariants == {f"I{number}" for number in range(1, 16)}
    others = [path for path in TESTS if path != Path(__file__)]
    named = {word for path in others for word in re.findall(r"\bI\d+\b", path.read_text(encoding="utf-8"))}
    assert invariants <= named


def test_a_verified_receipt_is_made_where_bags_are_read_and_nowhere_else() -> None:
    makers = [
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "VerifiedReceipt"
    ]
    assert makers == ["reconciler/archive/archiver.py", "reconciler/archive/workers/checking.py"]


def test_a_clean_is_sent_from_one_place() -> None:
    senders = [path.relative_to(ROOT).as_posix() for path in SOURCES if "cleaner.clean(" in path.read_text("utf-8")]
    assert senders == ["reconciler/engine/job_steps.py"]


def test_a_cleaner_is_made_in_one_place() -> None:
    makers = [path.relative_to(ROOT).as_posix() for path in SOURCES if "PictoryCleaner(" in path.read_text("utf-8")]
    assert [maker for maker in makers if not maker.startswith("reconciler/pictory/")] == [
        "reconciler/wiring/writing.py"
    ]


def test_every_error_class_has_a_documented_exit_code_and_stands_in_the_tree() -> None:
    def below(kind: type[ReconcilerError]) -> set[type[ReconcilerError]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    import reconciler.errors as module

    documented = {code for code, _ in EXIT_CODES}
    for kind in below(ReconcilerError):
        assert kind.exit_code in documented, kind
        assert re.search(rf"\b{kind.__name__}\b +\S*{kind.exit_code}", module.__doc__ or ""), kind


def test_the_readme_prints_the_exit_codes_as_they_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", readme, flags=re.MULTILINE)
    assert [(int(code), meaning) for code, meaning in rows] == list(EXIT_CODES)


def test_contributing_lists_the_make_targets_and_only_these() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    listed = set(re.findall(r"^\| `make ([a-z-]+)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE))
    assert targets - {"help"} == listed


def test_no_name_in_the_code_is_one_of_the_banned_words() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                names = [node.name]
            for name in names:
                words = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
                assert not BANNED_NAMES.search(words.replace("_", " ")), f"{path.relative_to(ROOT)}: {name}"
