"""A first desired-state file: everything stays, and comments say how to let some go.

Names of jobs are untrusted: here they stand in comments alone, quoted and on one line, so that a name can neither end
its comment nor become a key (I12).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.core.canonical import utc_text
from reconciler.core.job import JobStatus, JobType
from reconciler.core.survey import KindSeen, NameSeen, Survey
from reconciler.report.untrusted import LONGEST, harmless

HEAD = """\
# Which Pictory jobs stay.  `reconciler init` wrote this at {when}, from a list of {jobs} jobs; now it is
# yours to change.
#
# A job stays if ANY rule under `retain` keeps it.  While `otherwise: report` stands, nothing is copied and nothing is
# cleaned: `reconciler plan` only lists what no rule keeps.
version: 1
account: {account}
otherwise: report   # report: list it; archive: copy it; clean: copy it, prove the copy, and only then clean it for good

retain:
"""

FAILURES = """\
  - name: failures
    match: {status: failed}
"""

IDEAS = """\
# To let jobs go, take the rule of their type out above and put narrower ones there.  Each of these is a rule; without
# its `#`, and under `retain`, it works as it stands.
#
#  - name: fresh
#    keep_within: 30d        # since it was made, as far as that can be told; what cannot be told is held
#
#  - name: newest-of-each-name
#    match: {{type: render, status: completed}}
#    group_by: [name]
#    keep_last: 3
#    keep_monthly: 12        # several keep_* add up
#
#  - name: on-the-product-page
#    ids: [6c1f0b52-7a34-4d0e-9f6b-2a51c8e7d910]
#    until: {until}       # the last day on which it counts
#    owner: marketing
#    reason: live until the campaign ends
"""

LIMITS = """\
# What one run may do at most; more is refused whole.
clean:
  min_age: 7d       # since we first saw a job, as the service tells no times: run `reconciler refresh` every day
  max_jobs: 50
  max_share: 10%    # of the finished jobs in scope
"""

CAMPAIGN = timedelta(days=90)

STATES = {
    **{status: status.value for status in JobStatus},
    JobStatus.UNSTATED: "with results and no status",
    JobStatus.UNKNOWN: "of a status that is not known",
}

ALL_OF = {
    JobType.RENDER: "renders",
    JobType.PREVIEW: "previews",
    JobType.TRANSCRIPTION: "transcriptions",
    JobType.HIGHLIGHTS: "highlights",
    JobType.IMAGE: "images",
    JobType.VIDEO: "videos",
}


def first_file(survey: Survey, account: str, made_at: datetime) -> str:
    """Write the file.  `account` is a name that the file's schema takes."""
    return "".join(_parts(survey, account, made_at))


def _parts(survey: Survey, account: str, made_at: datetime) -> Iterator[str]:
    yield HEAD.format(when=utc_text(made_at), jobs=survey.jobs, account=quoted(account))
    for kind in survey.kinds:
        yield from _rule(kind)
    yield "  # Jobs that failed, of whatever type: they show none.\n"
    yield f"{FAILURES}\n{IDEAS.format(until=(made_at + CAMPAIGN).date())}\n"
    yield from _names(survey.names)
    yield from _months(survey)
    yield LIMITS


def _rule(kind: KindSeen) -> Iterator[str]:
    states = ", ".join(f"{count} {STATES[status]}" for status, count in kind.statuses)
    if kind.type is JobType.UNKNOWN:
        yield f"  # {kind.jobs} jobs show no type: {states}.\n"
        yield "  # Of these, the failed ones can go; the others are held, whatever is written here.\n"
        return
    yield f"  # {kind.jobs} {ALL_OF[kind.type]}: {states}\n"
    yield f"  - name: all-{ALL_OF[kind.type]}\n    match: {{type: {kind.type.value}, status: completed}}\n"


def _names(names: tuple[NameSeen, ...]) -> Iterator[str]:
    if not names:
        return
    yield "# Names that recur, as a `match` would take them:\n#\n"
    for seen in names:
        match = f"match: {{type: {seen.type.value}, status: completed, name: {quoted(seen.glob)}}}"
        if seen.type is JobType.UNKNOWN or len(seen.glob) > LONGEST:
            match = f"{harmless(seen.glob, longest=LONGEST)}"
        yield f"#    {match}   # {seen.jobs} jobs\n"
    yield "\n"


def _months(survey: Survey) -> Iterator[str]:
    if not survey.months:
        return
    told = ", ".join(f"{month}: {count}" for month, count in survey.months)
    yield "# The service tells no dates of jobs.  Share links and AI Studio's lists give a hint for some:\n"
    yield f"#\n#    {told}; without any: {survey.undated}\n"
    yield "#\n# A date counts for a rule only where it is trusted: `clock: {trust: [ledger, created_date]}`.\n\n"


def quoted(text: str) -> str:
    """Write a text as a single-quoted YAML scalar on one line; what cannot be seen becomes `?`, any one character."""
    shown = "".join(character if harmless(character) == character else "?" for character in text)
    return "'" + shown.replace("'", "''") + "'"
