"""fmt: keys in order, comments with what they stand above, and nothing else."""

import pytest

from reconciler.desired.formatting import formatted
from reconciler.desired.reader import parse_desired
from reconciler.errors import CannotFormat, DesiredStateInvalid

USUAL = """\
# Of the team.
# yaml-language-server: $schema=./desired-state.v1.json
version: 1
account: acme
otherwise: clean   # for good
retain:
  # first
  - name: newest   # of each
    match: {type: render, status: completed, name: "product-*"}
    group_by: [name]
    # three
    keep_last: 3

  - an-id   # why
  - ids:
      # a case
      - a
      - b
    owner: legal
    reason: |
      Two lines,
      # and no comment.
clean:
  # young
  min_age: 7d
  max_jobs: 5
# the end
"""


def fmt(text: str) -> str:
    return formatted(text.encode(), "r.yaml")


def test_what_is_in_order_stays_as_it_is() -> None:
    assert fmt(USUAL) == USUAL


TURNED: dict[str, tuple[str, str]] = {
    "keys of the document": (
        "retain: [a]\n\n# what goes\notherwise: clean\naccount: acme   # ours\nversion: 1\n",
        "version: 1\naccount: acme   # ours\n\n# what goes\notherwise: clean\nretain: [a]\n",
    ),
    "a comment goes with its key": (
        "account: acme\n# the format\nversion: 1\notherwise: clean\nretain: [a]\n",
        "# the format\nversion: 1\naccount: acme\notherwise: clean\nretain: [a]\n",
    ),
    "what stands above all stays above all": (
        "# told first\n\naccount: acme\nversion: 1\notherwise: clean\nretain: [a]\n# told last\n",
        "# told first\n\nversion: 1\naccount: acme\notherwise: clean\nretain: [a]\n# told last\n",
    ),
    "keys of a rule": (
        "version: 1\naccount: acme\notherwise: clean\nretain:\n- keep_last: 3 # three\n  # its name\n  name: n\n",
        "version: 1\naccount: acme\notherwise: clean\nretain:\n  # its name\n  - name: n\n    keep_last: 3 # three\n",
    ),
    "keys in braces": (
        "version: 1\naccount: acme\notherwise: clean\nretain:\n"
        "  - {keep_within: 3d,  match: { status: failed ,type: [image,video] }, name: 'n, m'} # x\n",
        "version: 1\naccount: acme\notherwise: clean\nretain:\n"
        "  - {name: 'n, m', match: {type: [image, video], status: failed}, keep_within: 3d} # x\n",
    ),
    "nested match": (
        "version: 1\naccount: acme\notherwise: clean\nretain:\n  - match:\n      not:\n        name: a\n        id: b\n"
        "      any:\n      - status: failed\n        type: image\n      - name: c\n",
        "version: 1\naccount: acme\notherwise: clean\nretain:\n  - match:\n      any:\n        - type: image\n"
        "          status: failed\n        - name: c\n      not:\n        id: b\n        name: a\n",
    ),
    "sections": (
        "version: 1\naccount: acme\notherwise: clean\nretain: [a]\n"
        "clean:\n        max_share: 1%\n        grace: 3d\nscope:\n  types: [render]\n",
        "version: 1\naccount: acme\nscope:\n  types: [render]\notherwise: clean\nretain: [a]\n"
        "clean:\n  grace: 3d\n  max_share: 1%\n",
    ),
    "labels keep their order": (
        "version: 1\naccount: acme\notherwise: clean\nlabels:\n  z: [a]\n  b: [c]\n"
        "retain: [{match: {label: [z, b]}}]\n",
        "version: 1\naccount: acme\notherwise: clean\nlabels:\n  z: [a]\n  b: [c]\n"
        "retain: [{match: {label: [z, b]}}]\n",
    ),
    "texts of several lines": (
        "version: 1\naccount: acme\notherwise: clean\nretain:\n- reason: >-\n    a b\n\n    c   \n"
        "  owner: 'x\n\n    y'\n  ids:\n"
        "  - a\n",
        "version: 1\naccount: acme\notherwise: clean\nretain:\n  - ids:\n      - a\n    owner: 'x\n"
        "\n      y'\n    reason: >-\n"
        "      a b\n\n      c   \n",
    ),
    "line ends, marks and empty lines": (
        "\ufeffversion: 1\r\naccount: acme  \r\n\r\n\r\n\r\notherwise: clean\r\nretain: [a]\r\n\r\n",
        "version: 1\naccount: acme\n\notherwise: clean\nretain: [a]\n",
    ),
    "behind a mark": (
        "%YAML 1.2\n---\naccount: acme\nversion: 1\notherwise: clean\nretain: [a]\n",
        "%YAML 1.2\n---\nversion: 1\naccount: acme\notherwise: clean\nretain: [a]\n",
    ),
    "JSON on one line": (
        '{"retain":["a"],"otherwise":"clean","account":"acme","version":1}',
        '{"version": 1, "account": "acme", "otherwise": "clean", "retain": ["a"]}\n',
    ),
    "JSON over several lines stays": (
        '{\n  "retain": ["a"],\n  "otherwise": "clean", "account": "acme", "version": 1\n}\n',
        '{\n  "retain": ["a"],\n  "otherwise": "clean", "account": "acme", "version": 1\n}\n',
    ),
}


@pytest.mark.parametrize(("text", "usual"), TURNED.values(), ids=TURNED.keys())
def test_keys_come_in_their_order_with_their_comments(text: str, usual: str) -> None:
    assert fmt(text) == usual
    assert fmt(usual) == usual
    assert parse_desired(usual.encode(), "r.yaml") == parse_desired(text.encode(), "r.yaml")


@pytest.mark.parametrize("text", ["version: 1\n", USUAL + "nonsense: 1\n", USUAL.replace("3", "0")])
def test_a_file_with_errors_is_refused_as_validate_does(text: str) -> None:
    with pytest.raises(DesiredStateInvalid):
        fmt(text)


def test_a_layout_that_is_not_known_is_refused_and_not_guessed() -> None:
    with pytest.raises(CannotFormat, match=r"r\.yaml:1: a layout that fmt does not know"):
        fmt("? account\n: acme\n? version\n: 1\n? otherwise\n: clean\n? retain\n: [a]\n")
