"""What `validate --explain` says of the full example, word by word, and of the shortest file."""

from pathlib import Path

import pytest

from reconciler.desired.reader import parse_desired
from reconciler.report.policy_text import bytes_text, policy_text

GOLDEN = Path(__file__).parents[1] / "golden"
SHORT = "version: 1\naccount: acme\notherwise: report\nretain: [a]\n"


def test_the_full_example_is_explained_as_it_was() -> None:
    state = parse_desired((GOLDEN / "full.yaml").read_bytes(), "full.yaml")
    assert policy_text(state) == (GOLDEN / "full.policy.txt").read_text(encoding="utf-8")


def test_the_shortest_file_is_explained_with_its_defaults() -> None:
    state = parse_desired(SHORT.encode(), "short.yaml")
    assert policy_text(state) == (GOLDEN / "short.policy.txt").read_text(encoding="utf-8")


def test_text_of_the_file_is_harmless_to_look_at() -> None:  # I12
    text = SHORT.replace("[a]", '[{ids: [a], owner: "\\e[31mred", reason: "\\u202Eright"}]')
    shown = policy_text(parse_desired(text.encode(), "r.yaml"))
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_sizes_are_written_in_the_largest_unit_that_is_exact() -> None:
    written = [bytes_text(size) for size in (0, 1, 1536, 2000, 5 * 10**9, 10**12, 10**12 + 1)]
    assert written == ["0B", "1B", "1536B", "2kB", "5GB", "1TB", "1000000000001B"]


SECOND_READS = {
    "when_no_checksum": "Where a host sends no checksum, a file is downloaded twice, and both must be equal.",
    "always": "Each file is downloaded twice, and both must be equal.",
    "never": "No file is downloaded twice: where its host sends no checksum, a changed byte can pass unseen.",
}


@pytest.mark.parametrize(("written", "told"), SECOND_READS.items())
def test_it_is_told_how_often_a_file_is_downloaded(written: str, told: str) -> None:
    state = parse_desired(f"{SHORT}archive: {{second_read: {written}}}\n".encode(), "r.yaml")
    assert [line for line in policy_text(state).splitlines() if "downloaded" in line] == [told]
