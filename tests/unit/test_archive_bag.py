"""One job's bag: what is in it, that other programs can read it, and that it tells when it was touched."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.archive.bag import close_bag, expected_paths, manifest_problem, wanted_files, write_inline
from reconciler.core.job import Asset, AssetForm, AssetKind, Job
from reconciler.core.receipt import BagFile
from reconciler.engine.ports import InlinePart, JobDetail
from tests.support.values import VIDEO, job

AT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
TAG_FILES = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"}


def file(kind: AssetKind, extension: str, name: str = "a") -> Asset:
    address = f"https://files.invalid/{name}.{extension}"
    return Asset(kind=kind, form=AssetForm.FILE, field="url", extension=extension, address=address)


def inline(kind: AssetKind, extension: str) -> Asset:
    return Asset(kind=kind, form=AssetForm.INLINE, field="txt", extension=extension, content="sha256:0")


def page(address: str = "https://pages.invalid/a") -> Asset:
    return Asset(kind=AssetKind.SHARE_PAGE, form=AssetForm.PAGE, field="shareUrl", extension="html", address=address)


def parts(given: Job) -> tuple[InlinePart, ...]:
    inlined = (asset for asset in given.assets if asset.form is AssetForm.INLINE)
    return tuple(
        InlinePart(kind=each.kind, extension=each.extension, content=f"part {number}".encode())
        for number, each in enumerate(inlined)
    )


def bagged(folder: Path, given: Job, *, body: bytes = b"{}", account: str = "acme") -> tuple[BagFile, ...]:
    """Make a bag of a job; each of its files holds its own address."""
    payload = list(write_inline(JobDetail(job=given, body=body, inline=parts(given)), folder))
    for wanted in wanted_files(given):
        if wanted.asset.form is AssetForm.FILE:
            content = wanted.asset.address.encode()
            (folder / wanted.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / wanted.path).write_bytes(content)
            payload.append(BagFile(path=wanted.path, size=len(content), sha256=hashlib.sha256(content).hexdigest()))
    return close_bag(folder, given, payload, account=account, tool="a test 1.0", at=AT)


def on_disk(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def lines(path: Path) -> dict[str, str]:
    told = [line.split(": ", 1) for line in path.read_text("ascii").splitlines()]
    return dict(told)


# -- what is in it

KINDS = job(
    assets=(
        file(AssetKind.VIDEO, "mp4", "one"),
        file(AssetKind.THUMBNAIL, "jpg"),
        file(AssetKind.VIDEO, "mp4", "two"),
        page(),
        inline(AssetKind.TXT, "txt"),
        file(AssetKind.VIDEO, "mp4", "three"),
        file(AssetKind.TXT, "txt"),
        inline(AssetKind.TRANSCRIPT, "json"),
        inline(AssetKind.TXT, "txt"),
        file(AssetKind.IMAGE, "png", "one"),
        file(AssetKind.IMAGE, "jpg", "two"),
    )
)
PATHS = [
    "data/assets/video.mp4",
    "data/assets/thumbnail.jpg",
    "data/assets/video-2.mp4",
    "data/subtitles-txt.txt",
    "data/assets/video-3.mp4",
    "data/assets/subtitles-txt.txt",
    "data/transcript.json",
    "data/subtitles-txt-2.txt",
    "data/assets/image.png",
    "data/assets/image.jpg",
]


def test_each_asset_has_a_file_of_its_own_in_the_job_s_order() -> None:  # I1
    wanted = wanted_files(KINDS)
    assert [each.path for each in wanted] == PATHS
    assert [each.asset for each in wanted] == [asset for asset in KINDS.assets if asset.form is not AssetForm.PAGE]


def test_every_expected_file_is_there_and_nothing_else(tmp_path: Path) -> None:  # I1
    files = bagged(tmp_path, KINDS)
    assert expected_paths(KINDS) == {*PATHS, "data/job.json", "data/pages.json"}
    assert on_disk(tmp_path) == expected_paths(KINDS) | TAG_FILES
    assert [each.path for each in files] == sorted(on_disk(tmp_path)), "all of them, in order of path"


def test_each_file_of_the_bag_is_named_with_its_length_and_hash(tmp_path: Path) -> None:  # I1
    for each in bagged(tmp_path, KINDS):
        content = (tmp_path / each.path).read_bytes()
        assert (each.size, each.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_second_asset_of_a_kind_holds_its_own_content(tmp_path: Path) -> None:  # I1
    bagged(tmp_path, KINDS)
    assert (tmp_path / "data/assets/video.mp4").read_text() == "https://files.invalid/one.mp4"
    assert (tmp_path / "data/assets/video-3.mp4").read_text() == "https://files.invalid/three.mp4"
    assert (tmp_path / "data/subtitles-txt.txt").read_text() == "part 0"
    assert (tmp_path / "data/subtitles-txt-2.txt").read_text() == "part 2"


BODIES = [
    b"",
    b"{}",
    b'{"job_id": "a",\r\n "data": {} }\n',
    b"\xef\xbb\xbf{}",
    b"\xff\x00\xfe",
    b'"\\ud83d"',
    b"x" * 99_999,
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_the_body_is_kept_byte_for_byte(tmp_path: Path, body: bytes) -> None:  # I1
    bagged(tmp_path, job(), body=body)
    assert (tmp_path / "data/job.json").read_bytes() == body


def test_web_pages_are_told_by_their_addresses(tmp_path: Path) -> None:
    bagged(tmp_path, job(assets=(page("https://pages.invalid/ü\ud83d"), VIDEO)))
    assert json.loads((tmp_path / "data/pages.json").read_bytes()) == [
        {"kind": "share-page", "field": "shareUrl", "address": "https://pages.invalid/ü\ud83d"}
    ]
    assert not (tmp_path / "data/assets/share-page.html").exists(), "a page is recorded, not fetched"


def test_without_pages_there_is_no_list_of_them(tmp_path: Path) -> None:
    bagged(tmp_path, job())
    assert on_disk(tmp_path) == {"data/job.json", "data/assets/video.mp4"} | TAG_FILES
    assert "data/pages.json" not in expected_paths(job())


def test_a_job_with_nothing_to_copy_still_keeps_what_was_said_of_it(tmp_path: Path) -> None:
    bagged(tmp_path, job(assets=()))
    assert on_disk(tmp_path) == {"data/job.json"} | TAG_FILES


@pytest.mark.parametrize("count", [0, 2])
def test_fewer_or_more_inline_parts_than_the_job_has_make_no_bag(tmp_path: Path, count: int) -> None:  # I15
    given = job(assets=(inline(AssetKind.TXT, "txt"),))
    with pytest.raises(ValueError, match="argument 2 is"):
        write_inline(JobDetail(job=given, body=b"{}", inline=parts(given) * count), tmp_path)


# -- the tag files


def test_the_tag_files_say_what_the_standard_asks_for(tmp_path: Path) -> None:
    given = job("6c1f0b52", assets=(VIDEO,))
    bagged(tmp_path, given, body=b"12345")
    assert (tmp_path / "bagit.txt").read_bytes() == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    assert lines(tmp_path / "bag-info.txt") == {
        "Source-Organization": "acme",
        "External-Identifier": "6c1f0b52",
        "External-Description": "Pictory job, render, completed",
        "Internal-Sender-Identifier": given.fingerprint,
        "Bagging-Date": "2026-03-01",
        "Payload-Oxum": f"{5 + len(VIDEO.address)}.2",
        "Bag-Software-Agent": "a test 1.0",
    }
    film = hashlib.sha256(VIDEO.address.encode()).hexdigest()
    body = hashlib.sha256(b"12345").hexdigest()
    assert (tmp_path / "manifest-sha256.txt").read_text("ascii") == (
        f"{film}  data/assets/video.mp4\n{body}  data/job.json\n"
    )
    hashes = {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in sorted(TAG_FILES)}
    assert (tmp_path / "tagmanifest-sha256.txt").read_text("ascii") == "".join(
        f"{hashes[name]}  {name}\n" for name in ("bag-info.txt", "bagit.txt", "manifest-sha256.txt")
    )


JOB_IDS = st.one_of(
    st.text(st.characters(), max_size=40),
    st.text(alphabet=" :\n\r\t'\"\\\ud83d\u2028\x0b\x0c\x85ä", max_size=12),
    st.text(min_size=1, max_size=3).map(lambda text: text * 1000),
)
ACCOUNTS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@ -]{0,99}", fullmatch=True)  # as the desired state allows them


@given(JOB_IDS, ACCOUNTS)
@example("line\nSource-Organization: somebody else", "acme")
@example("", "a")
@example("\ud83d", "a@b.c d - ")
@example('it\'s "quoted"', "0")
def test_the_bagit_library_finds_any_job_s_bag_valid(
    tmp_path_factory: pytest.TempPathFactory, job_id: str, account: str
) -> None:  # I12
    folder = tmp_path_factory.mktemp("bag")
    bagged(folder, job(job_id), account=account)
    read = bagit.Bag(str(folder))
    assert read.validate()
    assert len(lines(folder / "bag-info.txt")) == 7
    assert read.info["Source-Organization"] == account.strip()
    assert read.info["External-Identifier"] == ascii(job_id)[1:-1].strip()


# -- held against its manifests


def entry(path: str, sign: str = "a") -> BagFile:
    return BagFile(path=path, size=1, sha256=sign * 64)


MANIFESTS = {
    "manifest-sha256.txt": f"{'a' * 64}  data/x\n{'b' * 64}  data/y z\n".encode(),
    "tagmanifest-sha256.txt": f"{'c' * 64}  bagit.txt\n".encode(),
}
LISTED = (entry("bagit.txt", "c"), entry("data/x"), entry("data/y z", "b"), entry("tagmanifest-sha256.txt", "f"))

PROBLEMS: dict[str, tuple[tuple[BagFile, ...], str]] = {
    "as listed": (LISTED, ""),
    "in another order": (LISTED[::-1], ""),
    "a payload file changed": (
        (*LISTED[:1], entry("data/x", "0"), *LISTED[2:]),
        "data/x is not what the manifest says",
    ),
    "a tag file changed": ((entry("bagit.txt"), *LISTED[1:]), "bagit.txt is not what the manifest says"),
    "a payload file gone": ((LISTED[0], *LISTED[2:]), "data/x is missing"),
    "a tag file gone": (LISTED[1:], "bagit.txt is missing"),
    "a file put in": ((*LISTED, entry("data/z")), "data/z is in no manifest"),
    "a file put in beside the payload": ((*LISTED, entry("z")), "z is in no manifest"),
    "a file renamed": ((*LISTED[:1], entry("data/X"), *LISTED[2:]), "data/X is in no manifest"),
    "a file twice": ((*LISTED, entry("data/x")), "data/x is in no manifest"),
    "nothing there": ((), "bagit.txt is missing"),
}


@pytest.mark.parametrize(("files", "told"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_bag_is_held_against_its_manifests(files: tuple[BagFile, ...], told: str) -> None:  # I15
    assert manifest_problem(files, MANIFESTS) == told


UNREADABLE = [b"", b"\xff\xfe", b"data/x\n", b"  data/x", b"\x00" * 40, b"\n\n\n"]


@pytest.mark.parametrize("content", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_manifest_that_cannot_be_read_speaks_for_no_file(content: bytes) -> None:  # I15
    assert manifest_problem(LISTED, {**MANIFESTS, "manifest-sha256.txt": content}) != ""


def test_a_new_bag_fits_its_own_manifests(tmp_path: Path) -> None:
    files = bagged(tmp_path, KINDS)
    manifests = {name: (tmp_path / name).read_bytes() for name in TAG_FILES if "manifest" in name}
    assert manifest_problem(files, manifests) == ""
    for touched in files:
        if touched.path != "tagmanifest-sha256.txt":  # which no manifest lists; the receipt does
            changed = tuple(replace(each, sha256="0" * 64) if each == touched else each for each in files)
            assert manifest_problem(changed, manifests) == f"{touched.path} is not what the manifest says"
