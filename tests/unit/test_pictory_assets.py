"""Which assets a job has: every field of the table, and what looks like one and is none."""

from typing import Any

import pytest

from reconciler.core.job import KNOWN_TYPES, Asset, AssetForm, AssetKind, JobType
from reconciler.pictory.assets import (
    AI_FILE,
    HEAVY,
    REQUIRED,
    TABLE,
    THIRD_PARTY,
    TRANSCRIPTION_ANY,
    find_assets,
    infer_type,
    is_address,
    lacking,
    unlisted,
)
from reconciler.pictory.parts import compact, fields
from reconciler.pictory.wire import read_job
from tests.support.wire import facts, part

Json = dict[str, Any]
ADDRESS = "https://files.invalid/plan/a.bin"
FETCHED = {field.name for field in TABLE if field.form is AssetForm.FILE}
SHOWN_ONLY = {field.name for field in TABLE if field.form is AssetForm.PAGE}
INLINE_TEXT = {"srt", "vtt", "txt"}
INLINE_JSON = {field.name for field in TABLE if field.form is AssetForm.INLINE} - INLINE_TEXT


def found(data: Json) -> dict[str, Asset]:
    read = facts(data)
    return {asset.field: asset for asset in find_assets(read, infer_type(read))}


def reported(data: Json) -> tuple[str, ...]:
    read = facts(data)
    return unlisted({"data": part(data)}, read, find_assets(read, infer_type(read)))


def test_the_table_has_every_documented_name_in_its_form() -> None:
    assert {
        *("videoURL", "outputUrl", "audioURL", "thumbnail", "srtFile", "vttFile", "txtFile"),
        *("thumbnailImageUrl", "previewImageUrl", "lastFrameImageUrl"),
    } == FETCHED
    assert {"videoShareURL", "shareVideoURL", "previewUrl", "preview", "projectUrl", "editVideoUrl"} == SHOWN_ONLY
    assert {"transcript", "highlight", "mediaInfo", "renderParams", "storyboard"} == INLINE_JSON
    assert len(TABLE) == len(FETCHED) + len(SHOWN_ONLY) + len(INLINE_TEXT) + len(INLINE_JSON), "no name stands twice"


@pytest.mark.parametrize("name", sorted(FETCHED))
def test_a_file_is_found_under_its_name_and_is_to_be_copied(name: str) -> None:
    asset = found({name: ADDRESS})[name]
    assert (asset.form, asset.address, asset.content) == (AssetForm.FILE, ADDRESS, "")
    assert asset.extension
    job = read_job(part({"job_id": "a", "data": {"status": "failed", name: ADDRESS}}))
    assert job is not None
    assert job.copies_needed == (asset,)


@pytest.mark.parametrize("name", sorted(SHOWN_ONLY))
def test_a_page_is_recorded_and_never_fetched(name: str) -> None:
    asset = found({name: ADDRESS})[name]
    assert (asset.form, asset.address) == (AssetForm.PAGE, ADDRESS)
    job = read_job(part({"job_id": "a", "data": {"status": "failed", name: ADDRESS}}))
    assert job is not None
    assert job.copies_needed == ()
    assert job.unlisted_fields == ()


@pytest.mark.parametrize("name", sorted(INLINE_TEXT))
def test_inline_text_is_found_and_named_by_what_it_says(name: str) -> None:
    one, other = found({name: "WEBVTT one"})[name], found({name: "WEBVTT two"})[name]
    assert (one.form, one.address) == (AssetForm.INLINE, "")
    assert one.content != other.content


@pytest.mark.parametrize("name", sorted(INLINE_JSON))
def test_inline_json_is_named_by_what_it_says_however_it_is_spaced(name: str) -> None:
    def content(spelled: str) -> str:
        data = fields(compact(f'{{"{name}": {spelled}}}'.encode()), kept=HEAVY)
        (asset,) = find_assets(data, infer_type(data))
        return asset.content

    assert content('{"a": 1, "b": "x y"}') == content(' { "a":1,\n"b":"x y" }')
    assert content('{"a": 1, "b": "x y"}') != content('{"a": 1, "b": "xy"}')
    # Spelled in another way it counts as another content: a job is held back, never taken for what it is not.
    assert content('{"a": 1, "b": 2}') != content('{"b": 2, "a": 1}')
    assert content("[1.0]") != content("[1]")


def test_two_spellings_of_the_video_are_two_copies() -> None:
    both = found({"videoURL": ADDRESS, "outputUrl": ADDRESS + "2"})
    assert {name: asset.kind for name, asset in both.items()} == {
        "videoURL": AssetKind.VIDEO,
        "outputUrl": AssetKind.VIDEO,
    }


@pytest.mark.parametrize("job_type", JobType)
def test_the_bare_address_belongs_to_the_ai_types_alone(job_type: JobType) -> None:
    kinds = {asset.kind for asset in find_assets({"url": ADDRESS}, job_type)}
    assert kinds == ({AI_FILE[job_type].kind} if job_type in {JobType.IMAGE, JobType.VIDEO} else set())


# -- other people's

STOCK = "https://stock.invalid/preview.mp4?token=1"


@pytest.mark.parametrize(
    "data",
    [
        {"renderParams": {"elements": [{"url": STOCK}]}},
        {"renderParams": {"scenes": [{"background": {"src": [{"url": STOCK}]}}]}},
        {"storyboard": {"scenes": [{"background": {"visualUrl": STOCK}}]}},
    ],
    ids=["elements", "scenes", "storyboard"],
)
def test_stock_media_inside_the_parameters_is_neither_fetched_nor_reported(data: Json) -> None:
    assert [asset.form for asset in found(data).values()] == [AssetForm.INLINE]
    assert reported(data) == ()


def test_the_narration_inside_the_parameters_is_fetched() -> None:
    data = {"renderParams": {"audio": {"tts": ADDRESS}, "scenes": [{"url": STOCK}]}}
    narration = found(data)["renderParams.audio.tts"]
    assert (narration.kind, narration.form, narration.address) == (AssetKind.NARRATION, AssetForm.FILE, ADDRESS)


# -- nothing there, and something wrong there


@pytest.mark.parametrize("name", sorted(FETCHED | SHOWN_ONLY | INLINE_TEXT | INLINE_JSON))
@pytest.mark.parametrize("nothing", [None, ""], ids=["null", "empty text"])
def test_an_empty_field_is_no_asset_and_no_news(name: str, nothing: object) -> None:
    assert found({name: nothing}) == {}
    assert reported({name: nothing}) == ()


BROKEN: dict[str, object] = {
    "a number": 7,
    "true": True,
    "relative": "VIDEO/a.mp4",
    "without a scheme": "//files.invalid/a.mp4",
    "another scheme": "ftp://files.invalid/a.mp4",
    "no host": "https:///a.mp4",
    "half a host": "https://[",
    "a list": [ADDRESS],
    "a group": {"href": ADDRESS},
    "only spaces": "  ",
}


@pytest.mark.parametrize("name", sorted(FETCHED | SHOWN_ONLY))
@pytest.mark.parametrize("value", BROKEN.values(), ids=BROKEN.keys())
def test_an_address_that_is_none_is_reported_and_not_dropped(name: str, value: object) -> None:  # I4
    assert found({name: value}) == {}
    assert reported({name: value}) == (name,)


@pytest.mark.parametrize("value", [7, "images/i1.png", "//cdn.invalid/i1.png"], ids=repr)
def test_a_broken_address_of_an_image_is_reported(value: object) -> None:  # I4
    assert reported({"url": value, "width": 640, "height": 480}) == ("url",)


@pytest.mark.parametrize("value", [7, "polly/y.mp3", [ADDRESS]], ids=repr)
def test_a_broken_address_of_the_narration_is_reported(value: object) -> None:  # I4
    data: Json = {"renderParams": {"audio": {"tts": value}}}
    assert "renderParams.audio.tts" not in found(data)
    assert reported(data) == ("renderParams.audio.tts",)


@pytest.mark.parametrize("nothing", [None, ""], ids=["null", "empty text"])
def test_no_narration_is_no_news(nothing: object) -> None:
    assert reported({"renderParams": {"audio": {"tts": nothing}}}) == ()


@pytest.mark.parametrize("name", sorted(INLINE_TEXT | {"transcript", "highlight"}))
def test_an_address_where_text_belongs_is_reported(name: str) -> None:  # I1
    # Copied as text it would look archived, and the file behind it would be lost with the clean.
    assert name in reported({name: ADDRESS})


@pytest.mark.parametrize("value", [7, ["1\n00:00"], {"text": "x"}], ids=repr)
def test_subtitles_in_another_form_are_reported_and_not_dropped(value: object) -> None:  # I4
    assert found({"srt": value}) == {}
    assert reported({"srt": value}) == ("srt",)


def test_what_is_reported_is_sorted_and_told_once() -> None:
    data = {"zUrl": ADDRESS, "aUrl": [ADDRESS, {"b": ADDRESS}], "thumbnail": 7}
    body = {"zUrl": ADDRESS, "data": data, "job_id": "a"}
    assert unlisted(body, data, ()) == ("aUrl", "thumbnail", "zUrl", "zUrl (beside data)")


ADDRESSES: dict[str, bool] = {
    ADDRESS: True,
    "HTTP://FILES.INVALID/A": True,
    "https://user@files.invalid:8443/a?b#c": True,
    "https://[::1]/a": True,
    "https:/files.invalid/a": False,
    "https://": False,
    "https://?a": False,
    "https://[::1": False,
    "javascript:alert(1)": False,
    "file:///etc/passwd": False,
    "data:text/plain,x": False,
    "files.invalid/a": False,
    "": False,
}


@pytest.mark.parametrize(("text", "is_one"), ADDRESSES.items(), ids=ADDRESSES.keys())
def test_only_http_with_a_host_is_an_address(text: str, is_one: bool) -> None:
    assert is_address(text) is is_one


# -- types

SIGNS: dict[JobType, Json] = {
    JobType.RENDER: {"videoURL": ADDRESS},
    JobType.PREVIEW: {"renderParams": {"output": {}}},
    JobType.TRANSCRIPTION: {"transcript": [{"uid": "a"}]},
    JobType.HIGHLIGHTS: {"highlight": [{"start": 1}]},
    JobType.IMAGE: {"url": ADDRESS, "width": 1},
    JobType.VIDEO: {"url": ADDRESS, "duration": "8s"},
}
PAIRS = [(one, other) for one in SIGNS for other in SIGNS if one.value < other.value]
FIT_TOGETHER = {
    frozenset({JobType.HIGHLIGHTS, JobType.TRANSCRIPTION}): JobType.HIGHLIGHTS,  # they carry their transcript
    frozenset({JobType.IMAGE, JobType.VIDEO}): JobType.VIDEO,  # a video has a width as well
}


def test_every_known_type_has_a_sign_here() -> None:
    assert set(SIGNS) == KNOWN_TYPES
    assert all(infer_type(facts(data)) is job_type for job_type, data in SIGNS.items())


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=[f"{one.value}+{other.value}" for one, other in PAIRS])
def test_signs_of_two_types_at_once_are_no_type(one: JobType, other: JobType) -> None:  # I4
    expected = FIT_TOGETHER.get(frozenset({one, other}), JobType.UNKNOWN)
    assert infer_type(facts({**SIGNS[one], **SIGNS[other]})) is expected


def test_signs_of_three_types_at_once_are_no_type() -> None:  # I4
    three = {**SIGNS[JobType.HIGHLIGHTS], **SIGNS[JobType.TRANSCRIPTION], **SIGNS[JobType.RENDER]}
    assert infer_type(facts(three)) is JobType.UNKNOWN


@pytest.mark.parametrize("nothing", [None, "", [], {}], ids=repr)
def test_an_empty_result_field_is_no_sign(nothing: object) -> None:
    assert infer_type(facts(dict.fromkeys(("videoURL", "renderParams", "transcript", "highlight"), nothing))) is (
        JobType.UNKNOWN
    )


def test_a_render_that_has_not_begun_to_show_anything_but_zero_is_a_render() -> None:
    assert infer_type({"status": "in-progress", "renderProgress": 0}) is JobType.RENDER


# -- what must be there

NEEDED: dict[JobType, set[AssetKind]] = {
    JobType.RENDER: {AssetKind.VIDEO},
    JobType.PREVIEW: {AssetKind.RENDER_PARAMS},
    JobType.TRANSCRIPTION: {AssetKind.TRANSCRIPT},
    JobType.HIGHLIGHTS: {AssetKind.HIGHLIGHTS},
    JobType.IMAGE: {AssetKind.IMAGE},
    JobType.VIDEO: {AssetKind.VIDEO},
    JobType.UNKNOWN: set(),
}


def test_every_type_says_what_it_needs() -> None:
    assert set(REQUIRED) == set(JobType) == set(NEEDED)


@pytest.mark.parametrize("job_type", JobType)
def test_without_any_asset_all_that_a_type_needs_is_lacking(job_type: JobType) -> None:  # I4
    assert set(lacking(job_type, ())) == NEEDED[job_type]


@pytest.mark.parametrize("job_type", [kind for kind in JobType if kind in KNOWN_TYPES])
def test_nothing_is_lacking_from_a_whole_job(job_type: JobType) -> None:
    assert lacking(job_type, find_assets(facts(SIGNS[job_type]), job_type)) == ()


@pytest.mark.parametrize("kind", [kind for kind in AssetKind if kind in TRANSCRIPTION_ANY])
def test_any_one_text_makes_a_transcription_whole(kind: AssetKind) -> None:
    text = Asset(kind=kind, form=AssetForm.INLINE, field="x", extension="txt", content="sha256:0")
    assert lacking(JobType.TRANSCRIPTION, (text,)) == ()


@pytest.mark.parametrize("kind", [AssetKind.VIDEO, AssetKind.RENDER_PARAMS, AssetKind.TRANSCRIPT])
def test_a_page_stands_for_nothing_that_is_needed(kind: AssetKind) -> None:  # I4
    page = Asset(kind=kind, form=AssetForm.PAGE, field="x", extension="", address=ADDRESS)
    for job_type in KNOWN_TYPES:
        assert set(lacking(job_type, (page,))) == NEEDED[job_type]


def test_the_thumbnail_stands_for_no_video() -> None:  # I4
    for job_type in (JobType.RENDER, JobType.VIDEO):
        assert lacking(job_type, find_assets({"thumbnail": ADDRESS}, job_type)) == (AssetKind.VIDEO,)


def test_only_the_parameters_hold_what_is_other_people_s() -> None:
    assert frozenset({"renderParams", "storyboard"}) == THIRD_PARTY
