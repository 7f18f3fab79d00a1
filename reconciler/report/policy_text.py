"""What a file means, in sentences: every rule, every limit, defaults included.  The wording is held by goldens."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from reconciler.core.canonical import utc_text
from reconciler.core.desired import DesiredState, Otherwise, RetainRule, SecondRead, Source, Store
from reconciler.core.guards import percent_text
from reconciler.core.holds import span_text
from reconciler.core.rules import keep_text
from reconciler.core.selector_facts import literal_ids
from reconciler.core.selector_words import described
from reconciler.core.selectors import EveryJob
from reconciler.report.untrusted import harmless, word

OTHERWISE = {
    Otherwise.REPORT: "is listed in the plan; nothing is done to it",
    Otherwise.ARCHIVE: "is archived and stays",
    Otherwise.CLEAN: "is archived, the copy is proved whole, and then it is cleaned for good",
}
SOURCES = {
    Source.LEDGER: "when the ledger first saw it",
    Source.IMPORTED: "the times you imported",
    Source.SHARE_LINK: "the time in its share page's address",
    Source.CREATED_DATE: "AI Studio's created date",
    Source.LIST_ORDER: "its place in the list, newest first",
}


def policy_text(desired: DesiredState) -> str:
    """Write what the file means, one sentence a line."""
    return "".join(f"{line}\n" for line in _lines(desired))


def _lines(desired: DesiredState) -> Iterator[str]:
    yield f"This is the policy of account {word(desired.account)}."
    yield _scope(desired)
    yield ""
    yield "A job stays if any of these keeps it:"
    yield from (f"- {line}" for line in _rules(desired))
    for link in desired.links:
        yield f"While {word(link.job)} stays, so do the jobs it needs: {_listed(word(each) for each in link.needs)}."
    yield "Jobs of one project stay together: while one of them stays, so do the others."
    yield "What cannot be told for sure is held."
    yield ""
    yield f"Any other job {OTHERWISE[desired.otherwise]}."
    yield from _waits(desired)
    yield from _limits(desired)
    yield from _archive(desired)


def _scope(desired: DesiredState) -> str:
    types = _listed(sorted(kind.value for kind in desired.scope.types))
    if desired.scope.untyped_failures:
        return f"In scope are jobs of every known type ({types}), and failed jobs, which show no type."
    return f"In scope are jobs of type {types}; all others are left alone."


def _rules(desired: DesiredState) -> Iterator[str]:
    bare = [rule for rule in desired.retain if literal_ids(rule.selector) == {rule.name} and not rule.owner]
    if bare:
        yield f"{_number(len(bare), 'job')} named by id alone."
    yield from (_rule(rule) for rule in desired.retain if rule not in bare)


def _rule(rule: RetainRule) -> str:
    owned = "any job" if isinstance(rule.selector, EveryJob) else harmless(described(rule.selector))
    groups = f" per {' and '.join(key.value for key in rule.group_by)}" if rule.group_by else ""
    sentences = [f"Rule {word(rule.name)} keeps {keep_text(rule.keep)}{groups} of: {owned}."]
    if rule.lapses_at:
        sentences.append(f"It lapses at {utc_text(rule.lapses_at)}.")
    if rule.protect:
        sentences.append("It leaves a hold in the ledger for each job it keeps.")
    if rule.archive_now:
        sentences.append("What it keeps is archived as well.")
    if rule.owner:
        sentences.append(f"Owner: {harmless(rule.owner)}.")
    if rule.reason:
        sentences.append(f"Reason: {harmless(rule.reason)}.")
    sentences += (f"Lint's {each.code} is muted: {harmless(each.reason)}." for each in rule.muted)
    return " ".join(sentences)


def _waits(desired: DesiredState) -> Iterator[str]:
    trusted = _listed(SOURCES[source] for source in Source if source in desired.trust)
    yield f"The age of a job is told by: {trusted}. Days, weeks, months and years are those of {desired.zone}."
    if desired.min_age > timedelta(0):
        yield f"Nothing is cleaned that is not surely {span_text(desired.min_age)} old."
    else:
        yield "There is no least age: a job may be cleaned as soon as it has ended."
    if desired.grace > timedelta(0):
        yield f"A job waits {span_text(desired.grace)} after it was first recorded as released, or its rule lapsed."
    else:
        yield "There is no grace: a job may go with the first plan that releases it."
    yield (
        "A hold in the ledger is lifted when no protect rule kept the job in two recorded runs at least "
        f"{span_text(desired.release_delay)} apart."
    )


def _limits(desired: DesiredState) -> Iterator[str]:
    limits = desired.limits
    sizes = "any size" if limits.max_bytes is None else bytes_text(limits.max_bytes)
    yield (
        f"One run cleans at most {_number(limits.max_jobs, 'job')}, {percent_text(limits.max_share)} of the finished "
        f"jobs in scope, and {sizes} in sum; a plan over any limit is refused whole."
    )
    if desired.storage:
        yield (
            f"The account should hold at most {bytes_text(desired.storage.budget)}; from "
            f"{percent_text(desired.storage.warn_at)} of that on a plan warns."
        )


def _archive(desired: DesiredState) -> Iterator[str]:
    stores = _listed(harmless(store.address) for store in desired.stores)
    yield f"Copies go to {stores}; {desired.copies} must hold a verified copy before a job is cleaned."
    for store in desired.stores:
        told = _settings(store)
        if told:
            yield f"In {harmless(store.address)}: {harmless(told)}."
    yield _SECOND_READ[desired.second_read]
    place = harmless(desired.ledger) if desired.ledger else "the folder state beside this file"
    yield f"The ledger is {place}, unless --state names another."


def _settings(store: Store) -> str:
    tags = ", ".join(f"{name}={text}" for name, text in store.tags)
    told = {
        "endpoint": store.endpoint,
        "region": store.region,
        "storage class": store.storage_class,
        "encryption": store.encryption,
        "key": store.kms_key,
        "tags": tags,
    }
    return ", ".join(f"{name} {text}" for name, text in told.items() if text)


_SECOND_READ = {
    SecondRead.WHEN_NO_CHECKSUM: "Where a host sends no checksum, a file is downloaded twice, and both must be equal.",
    SecondRead.ALWAYS: "Each file is downloaded twice, and both must be equal.",
    SecondRead.NEVER: "No file is downloaded twice: where its host sends no checksum, a changed byte can pass unseen.",
}


def bytes_text(size: int) -> str:
    """Write a size in the largest unit that keeps it exact: `200GB`, `1536B`."""
    for unit, length in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size and size % length == 0:
            return f"{size // length}{unit}"
    return f"{size}B"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
