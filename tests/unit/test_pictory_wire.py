"""Bodies of the service to jobs: every documented shape, every spelling, and nothing guessed."""

from typing import Any

import pytest

from reconciler.core.job import AssetForm, AssetKind, Job, JobId, JobStatus, JobType
from reconciler.errors import ServiceAnswerUnreadable
from reconciler.pictory.parts import compact
from reconciler.pictory.wire import read_detail, read_job
from tests.support import bodies
from tests.support.wire import part, sent

Json = dict[str, Any]
ID = "6c1f0b52-7a34-4d0e-9f6b-2a51c8e7d910"
OTHER = "0f4a7c1e-55b2-4f6d-8b0c-9d2e61aa37f4"
FILES = "https://files.invalid/plan/client/" + ID
SHARE = "https://video.invalid/20260301091500123c0ffee/20260301092233417QwErTy0123456789"


def read(data: Json, **top: Any) -> Job:
    job = read_job(part({"job_id": ID, "success": True, "data": data, **top}))
    assert job is not None
    return job


RENDER: Json = {
    "status": "completed",
    "videoURL": f"{FILES}/VIDEO/a.mp4",
    "audioURL": f"{FILES}/audio/a.mp3",
    "thumbnail": f"{FILES}/image/t.jpg",
    "srtFile": f"{FILES}/text/a.srt",
    "vttFile": f"{FILES}/text/b.vtt",
    "txtFile": f"{FILES}/text/c.txt",
    "videoShareURL": SHARE,
    "videoDuration": 41.6,
    "aiCreditsUsed": 0,
}
AI_VIDEO: Json = {
    "status": "completed",
    "url": "https://cdn.invalid/v1.mp4",
    "duration": "8s",
    "width": 720,
    "height": 1280,
    "thumbnailImageUrl": "https://cdn.invalid/v1_t.jpg",
    "previewImageUrl": "https://cdn.invalid/v1_p.jpg",
    "lastFrameImageUrl": "https://cdn.invalid/v1_l.png",
}
AI_IMAGE: Json = {"status": "completed", "url": "https://cdn.invalid/i1.png", "width": 1280, "height": 720}
PREVIEW_V1: Json = {
    "renderParams": {"audio": {"tts": "https://audio.invalid/y.mp3"}, "output": {}, "scenes": []},
    "preview": "https://video.invalid/preview/1779999",
}
HIGHLIGHTS: Json = {"status": "completed", "highlight": [{"start": 12.0, "end": 19.5}], "transcript": [{"uid": "s"}]}

# Body, type, status, kinds of files, kinds inline, kinds of pages.
K = AssetKind
SHAPES: dict[str, tuple[Json, JobType, JobStatus, set[K], set[K], set[K]]] = {
    "render": (
        RENDER,
        JobType.RENDER,
        JobStatus.COMPLETED,
        {K.VIDEO, K.AUDIO, K.THUMBNAIL, K.SRT, K.VTT, K.TXT},
        set(),
        {K.SHARE_PAGE},
    ),
    "render of version 1": (
        {"status": "completed", "videoURL": f"{FILES}/a.mp4", "shareVideoURL": SHARE},
        JobType.RENDER,
        JobStatus.COMPLETED,
        {K.VIDEO},
        set(),
        {K.SHARE_PAGE},
    ),
    "render under the sample programs' name": (
        {"status": "completed", "outputUrl": f"{FILES}/a.mp4"},
        JobType.RENDER,
        JobStatus.COMPLETED,
        {K.VIDEO},
        set(),
        set(),
    ),
    "render in progress": (
        {"status": "in-progress", "renderProgress": 37, "renderState": "RUNNING"},
        JobType.RENDER,
        JobStatus.IN_PROGRESS,
        set(),
        set(),
        set(),
    ),
    "transcription": (
        {**bodies.transcription(), "mediaInfo": {"duration": 1.4}},
        JobType.TRANSCRIPTION,
        JobStatus.COMPLETED,
        set(),
        {K.TRANSCRIPT, K.SRT, K.VTT, K.TXT, K.MEDIA_INFO},
        set(),
    ),
    "transcription with an editor page": (
        {**bodies.transcription(), "editVideoUrl": "https://app.invalid/edit/1"},
        JobType.TRANSCRIPTION,
        JobStatus.COMPLETED,
        set(),
        {K.TRANSCRIPT, K.SRT, K.VTT, K.TXT},
        {K.EDITOR_PAGE},
    ),
    "highlights": (
        HIGHLIGHTS,
        JobType.HIGHLIGHTS,
        JobStatus.COMPLETED,
        set(),
        {K.HIGHLIGHTS, K.TRANSCRIPT},
        set(),
    ),
    "preview": (
        {**bodies.preview(), "projectUrl": "https://app.invalid/story/1", "projectId": "1", "storyboard": {"a": 1}},
        JobType.PREVIEW,
        JobStatus.COMPLETED,
        set(),
        {K.RENDER_PARAMS, K.STORYBOARD},
        {K.PREVIEW_PAGE, K.EDITOR_PAGE},
    ),
    "preview of version 1, without a status": (
        PREVIEW_V1,
        JobType.PREVIEW,
        JobStatus.UNSTATED,
        {K.NARRATION},
        {K.RENDER_PARAMS},
        {K.PREVIEW_PAGE},
    ),
    "image": (AI_IMAGE, JobType.IMAGE, JobStatus.COMPLETED, {K.IMAGE}, set(), set()),
    "video": (
        AI_VIDEO,
        JobType.VIDEO,
        JobStatus.COMPLETED,
        {K.VIDEO, K.THUMBNAIL, K.PREVIEW_IMAGE, K.LAST_FRAME},
        set(),
        set(),
    ),
    "failed": (bodies.failed(), JobType.UNKNOWN, JobStatus.FAILED, set(), set(), set()),
    "cleaned": ({"status": "cleaned"}, JobType.UNKNOWN, JobStatus.CLEANED, set(), set(), set()),
    "in progress": ({"status": "in-progress"}, JobType.UNKNOWN, JobStatus.IN_PROGRESS, set(), set(), set()),
    "nothing": ({}, JobType.UNKNOWN, JobStatus.UNKNOWN, set(), set(), set()),
    "an address that fits two types": (
        {"status": "completed", "url": "https://cdn.invalid/x"},
        JobType.UNKNOWN,
        JobStatus.COMPLETED,
        set(),
        set(),
        set(),
    ),
    "two types at once": (
        {**RENDER, **AI_VIDEO},
        JobType.UNKNOWN,
        JobStatus.COMPLETED,
        {K.VIDEO, K.AUDIO, K.THUMBNAIL, K.SRT, K.VTT, K.TXT, K.PREVIEW_IMAGE, K.LAST_FRAME},
        set(),
        {K.SHARE_PAGE},
    ),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_each_documented_shape_is_read_as_what_it_is(
    shape: tuple[Json, JobType, JobStatus, set[K], set[K], set[K]],
) -> None:
    data, job_type, status, files, inline, pages = shape
    job = read(data)
    assert (job.type, job.status) == (job_type, status)
    for form, kinds in ((AssetForm.FILE, files), (AssetForm.INLINE, inline), (AssetForm.PAGE, pages)):
        assert {asset.kind for asset in job.assets if asset.form is form} == kinds
    assert {asset.kind for asset in job.copies_needed} == files | inline
    assert job.contradictions == ()


def test_a_job_reads_alike_whatever_call_it_came_from() -> None:
    listed = read_job(part({"success": True, "data": {**RENDER, "jobId": ID}}))
    assert listed == read(RENDER)


# -- ids

SPELLINGS: dict[str, Json] = {
    "job_id": {"job_id": ID, "data": {}},
    "jobId": {"jobId": ID, "data": {}},
    "data.job_id": {"data": {"job_id": ID}},
    "data.jobId": {"data": {"jobId": ID}},
    "all four": {"job_id": ID, "jobId": ID, "data": {"job_id": ID, "jobId": ID}},
    "without data": {"job_id": ID},
    "beside empty ones": {"job_id": "", "jobId": None, "data": {"jobId": ID}},
    "beside things that are no ids": {"job_id": ["x"], "jobId": True, "data": {"job_id": {}, "jobId": ID}},
}


@pytest.mark.parametrize("body", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_each_spelling_of_the_id_is_read(body: Json) -> None:
    job = read_job(part(body))
    assert job is not None
    assert (job.id, job.other_ids, job.contradictions) == (ID, (), ())


def test_a_whole_number_is_an_id_as_text() -> None:
    job = read_job(part({"jobId": 1779999, "data": {}}))
    assert job is not None
    assert job.id == "1779999"


@pytest.mark.parametrize(
    "body",
    [{"job_id": ID, "data": {"jobId": OTHER}}, {"jobId": OTHER, "job_id": ID}, {"jobId": ID, "data": {"job_id": 7}}],
)
def test_ids_that_disagree_are_a_contradiction(body: Json) -> None:  # I4
    job = read_job(part(body))
    assert job is not None
    assert job.id == ID
    assert job.contradictions[0].startswith(f"its ids disagree: {ID}, ")
    assert len(job.other_ids) == 1


ORDER = ["job_id", "jobId", "data.job_id", "data.jobId"]


@pytest.mark.parametrize("first", range(4), ids=ORDER)
def test_the_spellings_are_believed_in_their_documented_order(first: int) -> None:
    top = {name: f"id-{name}" for name in ORDER[first:2]}
    inner = {name.removeprefix("data."): f"id-{name}" for name in ORDER[max(first, 2) :]}
    job = read_job(part({**top, "data": inner}))
    assert job is not None
    assert (job.id, *job.other_ids) == tuple(f"id-{name}" for name in ORDER[first:])


@pytest.mark.parametrize("other", [f" {OTHER}", OTHER.upper(), OTHER + "\n"], ids=["a space", "a case", "a line end"])
def test_ids_that_differ_in_anything_disagree(other: str) -> None:  # I4
    job = read_job(part({"job_id": OTHER, "data": {"jobId": other}}))
    assert job is not None
    assert job.other_ids == (other,)


@pytest.mark.parametrize("text", ["half \ud83d", "\udc00", "zero \x00"], ids=ascii)
def test_an_id_that_cannot_be_written_down_is_counted_and_not_a_job(text: str) -> None:  # I12
    assert read_job(part({"job_id": text, "data": RENDER})) is None


@pytest.mark.parametrize("text", [".", ".."])
def test_an_id_that_no_call_can_name_is_a_contradiction(text: str) -> None:  # I12
    job = read_job(part({"job_id": text, "data": RENDER}))
    assert job is not None
    assert job.contradictions == ("its id cannot be part of an address, so the service cannot be asked about it alone",)


@pytest.mark.parametrize("value", [0, -7, 10**30], ids=str)
def test_any_whole_number_is_an_id(value: int) -> None:
    job = read_job(part({"job_id": value}))
    assert job is not None
    assert job.id == str(value)


@pytest.mark.parametrize("value", [True, False, 1.0, [], [ID], {}, {"id": ID}, None, ""], ids=repr)
@pytest.mark.parametrize("name", ["job_id", "jobId"])
def test_what_is_no_id_is_none_wherever_it_stands(name: str, value: object) -> None:
    assert read_job(part({name: value, "data": {name: value}})) is None


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": [ID]}, {"job_id": "", "data": {"jobId": ""}}])
def test_an_item_without_an_id_is_no_job(body: Json) -> None:
    assert read_job(part(body)) is None


# -- status

STATUSES: dict[str, tuple[object, JobStatus]] = {
    "completed": ("completed", JobStatus.COMPLETED),
    "failed": ("failed", JobStatus.FAILED),
    "in-progress": ("in-progress", JobStatus.IN_PROGRESS),
    "cleaned": ("cleaned", JobStatus.CLEANED),
    "another case": ("Completed", JobStatus.UNKNOWN),
    "spaces": (" completed", JobStatus.UNKNOWN),
    "another word": ("archived", JobStatus.UNKNOWN),
    "a list": (["completed"], JobStatus.UNKNOWN),
    "true": (True, JobStatus.UNKNOWN),
    "zero": (0, JobStatus.UNKNOWN),
    "nothing, with results": (None, JobStatus.UNSTATED),
    "empty, with results": ("", JobStatus.UNSTATED),
}


@pytest.mark.parametrize(("word", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_only_the_exact_word_is_a_status(word: object, status: JobStatus) -> None:  # I4
    assert read({**RENDER, "status": word}).status is status


@pytest.mark.parametrize("body", [{"success": True}, {"success": False}, {"status": "completed"}, {"success": "yes"}])
def test_neither_success_nor_a_status_elsewhere_is_the_status(body: Json) -> None:  # I4
    job = read_job(part({"job_id": ID, "data": {}, **body}))
    assert job is not None
    assert job.status is JobStatus.UNKNOWN


# -- what a completed job must have

LACKS: dict[str, tuple[Json, set[K]]] = {
    "a render without its video": ({**RENDER, "videoURL": None}, {K.VIDEO}),
    "a render with a broken address": ({**RENDER, "videoURL": "VIDEO/a.mp4"}, {K.VIDEO}),
    "a render with a number for an address": ({**RENDER, "videoURL": 7}, {K.VIDEO}),
    "a preview with its page alone": (
        {"status": "completed", "previewUrl": "https://video.invalid/1"},
        {K.RENDER_PARAMS},
    ),
    "a transcription of media facts alone": ({"status": "completed", "mediaInfo": {"duration": 1}}, {K.TRANSCRIPT}),
    "a transcription of text alone": ({"status": "completed", "txt": "Harvest begins."}, set()),
    "a whole render": (RENDER, set()),
    "a failed job": (bodies.failed(), set()),
}


@pytest.mark.parametrize(("data", "lacks"), LACKS.values(), ids=LACKS.keys())
def test_what_a_completed_job_must_have_and_has_not_is_named(data: Json, lacks: set[K]) -> None:  # I4
    assert set(read(data).lacks) == lacks


# -- what is not known

UNLISTED: dict[str, tuple[Json, tuple[str, ...]]] = {
    "a new address": ({**RENDER, "posterUrl": "https://files.invalid/p.jpg"}, ("posterUrl",)),
    "a new address deep inside": ({**RENDER, "extras": {"list": [{"u": "HTTP://files.invalid/p"}]}}, ("extras",)),
    "an address where none belongs": ({**bodies.transcription(), "url": "https://cdn.invalid/x"}, ("url",)),
    "a known field of another form": ({**RENDER, "srtFile": {"href": "x"}}, ("srtFile",)),
    "a known field with a broken address": ({**RENDER, "thumbnail": "image/t.jpg"}, ("thumbnail",)),
    "stock media of others": (bodies.preview(), ()),
    "text that only speaks of one": ({**RENDER, "note": "see https://files.invalid"}, ()),
    "nothing new": (RENDER, ()),
}


@pytest.mark.parametrize(("data", "names"), UNLISTED.values(), ids=UNLISTED.keys())
def test_what_looks_like_a_file_and_is_not_known_is_reported_by_name(data: Json, names: tuple[str, ...]) -> None:
    assert read(data).unlisted_fields == names


def test_an_address_beside_data_is_reported_too() -> None:
    assert read(RENDER, downloadUrl="https://files.invalid/x").unlisted_fields == ("downloadUrl (beside data)",)


def test_a_fact_said_twice_leaves_open_which_one_holds() -> None:  # I4
    for text in (
        f'{{"job_id": "{ID}", "data": {{"status": "failed", "status": "completed"}}}}',
        f'{{"job_id": "{ID}", "job_id": "{ID}", "data": {{}}}}',
        f'{{"job_id": "{ID}", "data": {{}}, "data": {{"status": "completed"}}}}',
    ):
        job = read_job(compact(text.encode()))
        assert job is not None
        assert job.contradictions[0].startswith("its body says twice: ")


@pytest.mark.parametrize("name", ["status", "job_id", "jobId", "data"])
def test_every_fact_that_decides_may_stand_only_once(name: str) -> None:  # I4
    top = name in {"job_id", "jobId", "data"}
    twice = f'"{name}": {{}}, "{name}": {{}}' if name == "data" else f'"{name}": "{ID}", "{name}": "{ID}"'
    text = f'{{"job_id": "{ID}", {twice}}}' if top else f'{{"job_id": "{ID}", "data": {{{twice}}}}}'
    job = read_job(compact(text.encode()))
    assert job is not None
    assert any(name in told for told in job.contradictions)


def test_a_fact_that_decides_nothing_may_stand_twice() -> None:
    text = f'{{"job_id": "{ID}", "success": true, "success": true, "data": {{"x": 1, "x": 2}}}}'
    job = read_job(compact(text.encode()))
    assert job is not None
    assert job.contradictions == ()


# -- bodies that are meant to break the reader


@pytest.mark.parametrize("depth", [100, 460, 900])
def test_a_body_nested_deeply_is_read_or_unreadable_and_never_a_traceback(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    for name in (b"x", b"transcript", b"renderParams"):
        raw = b'{"job_id": "a", "data": {"status": "completed", "' + name + b'": ' + nested + b"}}"
        try:
            item = compact(raw)
        except ValueError:
            continue
        assert read_job(item) is not None


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
@pytest.mark.parametrize("name", ["transcript", "renderParams"])
def test_a_number_without_end_inside_content_is_no_traceback(name: str, number: str) -> None:
    raw = f'{{"job_id": "a", "data": {{"status": "completed", "{name}": [{number}]}}}}'.encode()
    assert read_job(compact(raw)) is not None


# -- the name of its facts

FACTS: dict[str, tuple[Json, bool]] = {
    "another signature on the same address": ({"videoURL": RENDER["videoURL"] + "?sig=2#t"}, True),
    "another length": ({"videoDuration": 7, "aiCreditsUsed": 9}, True),
    "another address": ({"videoURL": f"{FILES}/VIDEO/b.mp4"}, False),
    "another host": ({"videoURL": RENDER["videoURL"].replace("files.invalid", "other.invalid")}, False),
    "one file less": ({"srtFile": None}, False),
    "another status": ({"status": "failed"}, False),
    "another unknown status": ({"status": "archived"}, False),
    "a new address": ({"posterUrl": "https://files.invalid/p.jpg"}, False),
    "another page": ({"videoShareURL": SHARE + "x"}, False),
}


@pytest.mark.parametrize(("changed", "is_same"), FACTS.values(), ids=FACTS.keys())
def test_the_fingerprint_changes_with_the_facts_alone(changed: Json, is_same: bool) -> None:  # I5
    assert (read({**RENDER, **changed}).fingerprint == read(RENDER).fingerprint) is is_same


def test_the_fingerprint_of_content_changes_with_every_word_of_it() -> None:  # I5
    assert read(bodies.transcription("One.")).fingerprint != read(bodies.transcription("Two.")).fingerprint


# -- one job on its own


def test_inline_parts_come_with_their_bytes() -> None:
    detail = read_detail(sent({"job_id": ID, "data": bodies.transcription("Grüße")}), JobId(ID))
    parts = {part.kind: (part.extension, part.content) for part in detail.inline}
    assert parts[K.TXT] == ("txt", "Grüße".encode())
    assert parts[K.SRT][1].startswith(b"1\n00:00:00,000 --> ")
    assert parts[K.TRANSCRIPT][0] == "json"
    assert b'"word":"Gr\\u00fc\\u00dfe"' in parts[K.TRANSCRIPT][1]
    assert detail.body == sent({"job_id": ID, "data": bodies.transcription("Grüße")})


def test_an_answer_about_another_job_is_refused() -> None:  # I5
    with pytest.raises(ServiceAnswerUnreadable, match=f"was answered with job {OTHER}"):
        read_detail(sent({"job_id": OTHER, "data": RENDER}), JobId(ID))


def test_an_answer_without_an_id_is_about_the_job_that_was_asked_for() -> None:
    assert read_detail(sent({"data": RENDER}), JobId(ID)).job == read(RENDER)


def test_an_answer_that_names_the_job_and_another_one_is_contradictory() -> None:  # I5
    detail = read_detail(sent({"job_id": OTHER, "data": {**RENDER, "jobId": ID}}), JobId(ID))
    assert detail.job.contradictions == (f"its ids disagree: {OTHER}, {ID}",)


def test_an_answer_about_the_number_that_was_asked_for_is_taken() -> None:
    assert read_detail(sent({"job_id": 1779999, "data": RENDER}), JobId("1779999")).job.id == "1779999"


def test_pages_and_files_are_no_inline_parts() -> None:
    assert read_detail(sent({"job_id": ID, "data": RENDER}), JobId(ID)).inline == ()


def test_text_that_cannot_be_written_as_it_is_is_refused() -> None:  # I1
    with pytest.raises(ServiceAnswerUnreadable, match="holds half a character"):
        read_detail(sent({"job_id": ID, "data": {**bodies.transcription(), "txt": "half \ud83d"}}), JobId(ID))


# -- the names it shows


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://files.invalid/VIDEO/orchard.mp4", "orchard"),
        ("https://files.invalid/VIDEO/spring%20sale.v2.mp4?X=1#t", "spring sale.v2"),
        ("https://files.invalid/VIDEO/Pictory_2026-03-01T09%3A15.mp4", "Pictory_2026-03-01T09:15"),
        ("https://files.invalid/VIDEO/Ru%CC%88be.mp4", "R\u00fcbe"),
        ("https://files.invalid/VIDEO/a%2Fb.mp4", "b"),
        ("https://files.invalid/VIDEO/plain", "plain"),
        ("https://files.invalid/", ""),
        ("https://files.invalid", ""),
    ],
)
def test_a_render_is_named_by_the_address_of_its_video(address: str, name: str) -> None:
    assert read({"status": "completed", "videoURL": address}).name == name


def test_a_render_with_two_names_has_none() -> None:  # I4
    two = {"videoURL": "https://files.invalid/one.mp4", "outputUrl": "https://files.invalid/two.mp4"}
    assert read({"status": "completed", **two}).name == ""
    assert read({"status": "completed", **two, "outputUrl": "https://cdn.invalid/x/one.mp4"}).name == "one"


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"output": {"name": "orchard.mp4"}}, "orchard"),
        ({"output": {"name": "orchard"}}, "orchard"),
        ({"output": {"name": "a/b.mp4"}}, "b"),
        ({"output": {"name": 7}}, ""),
        ({"output": {}}, ""),
        ({"output": "orchard.mp4"}, ""),
        ({"x": 1}, ""),
    ],
    ids=repr,
)
def test_a_preview_is_named_by_its_parameters(params: Json, name: str) -> None:
    assert read({"status": "completed", "renderParams": params}).name == name


def test_no_other_type_has_a_name() -> None:
    for data in (bodies.transcription(), {"status": "failed"}, {"url": "https://files.invalid/a.png", "width": 1}):
        assert read(data).name == ""


PREVIEW = "https://video.invalid/v2/preview/20260301091500123c0ffee"


@pytest.mark.parametrize(
    ("shown", "project"),
    [
        ({"projectId": "p1", "previewUrl": PREVIEW, "videoShareURL": SHARE}, "p1"),
        ({"projectId": 1762768083800}, "1762768083800"),
        ({"projectId": True}, ""),
        ({"projectId": "", "previewUrl": PREVIEW}, "20260301091500123c0ffee"),
        ({"preview": "https://video.invalid/preview/1779999"}, "1779999"),
        ({"previewUrl": "https://video.invalid/v2/preview/"}, ""),
        ({"videoShareURL": SHARE}, "20260301091500123c0ffee"),
        ({"shareVideoURL": SHARE.replace(".invalid/", ".invalid/embed/")}, "20260301091500123c0ffee"),
        ({"videoShareURL": "https://video.invalid/20260301092233417QwErTy0123456789"}, ""),
        ({"videoShareURL": "https://video.invalid/embed/20260301092233417QwErTy0123456789"}, ""),
        ({}, ""),
    ],
    ids=repr,
)
def test_the_project_is_told_or_read_off_the_pages(shown: Json, project: str) -> None:
    assert read({"status": "completed", **shown}).project == project


@pytest.mark.parametrize(
    ("shown", "moment"),
    [
        ({"videoShareURL": SHARE}, "2026-03-01T09:22:33.417000+00:00"),
        ({"videoShareURL": SHARE, "shareVideoURL": SHARE}, "2026-03-01T09:22:33.417000+00:00"),
        ({"videoShareURL": SHARE, "shareVideoURL": SHARE.replace("0922334", "0922335")}, None),
        ({"videoShareURL": SHARE.replace("20260301092233417", "20261301092233417")}, None),
        ({"videoShareURL": SHARE.replace("20260301092233417", "2026030109223341")}, None),
        ({"videoShareURL": "https://video.invalid/20260301092233417QwErTy0123456789"}, None),
        ({"previewUrl": PREVIEW}, None),
    ],
    ids=repr,
)
def test_the_share_page_tells_a_time_by_which_the_job_was_made(shown: Json, moment: str | None) -> None:
    told = read({"status": "completed", **shown}).shared_at
    assert (told.isoformat() if told else None) == moment
