"""What the ledger remembers of looks at copies: facts, in whatever order and beside whatever run they come."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.core.job import JobId
from reconciler.core.steps import Phase
from reconciler.engine.copies import BagState, CopyId, Look, Reading, Verified
from reconciler.errors import LedgerError
from reconciler.ledger.database import Database
from reconciler.ledger.verifications import SqlVerificationLog
from reconciler.ledger.writer import SqlLedger
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, changing, ledger_at, proof
from tests.support.values import DAY, NOON

STORE = "file:./archive"
COPY = CopyId(JobId("a"), FINGERPRINT, STORE)
HOUR = timedelta(hours=1)


class Place:
    """A ledger with one archived job, and its log."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = HandMadeClock()
        self.ledger: SqlLedger = ledger_at(database, self.clock)
        with self.ledger.open_run("apply", "acme") as run:
            run.append(JobId("a"), Phase.BEGIN, FINGERPRINT)
            run.record_archived(proof())
        self.log = SqlVerificationLog(database, clock=self.clock)

    def record(self, at: datetime, state: BagState = BagState.WHOLE, how: Reading = Reading.WHOLE) -> Verified:
        """Record a look; its problem is the state's word."""
        whole = state is BagState.WHOLE
        look = Look(
            copy=COPY, at=at, how=how, state=state, is_bag_whole=whole, problem="" if whole else f"found {state.value}"
        )
        self.log.record([look])
        return self.known

    @property
    def known(self) -> Verified:
        (found,) = self.ledger.verifications().items()
        assert found[0] == COPY
        return found[1]


@pytest.fixture
def place(database: Database) -> Place:
    made = Place(database)
    made.clock.pass_by(10 * DAY)
    return made


FIRST = Verified(checked_at=NOON, read_at=NOON, whole_at=NOON, how=Reading.WHOLE, state=BagState.WHOLE, problem="")


def test_what_was_read_back_when_it_was_archived_is_the_first_look(place: Place) -> None:
    assert place.known == FIRST


def test_a_reading_moves_all_times_on_and_damage_leaves_when_it_was_last_whole(place: Place) -> None:
    later = NOON + DAY
    assert place.record(later) == replace(FIRST, checked_at=later, read_at=later, whole_at=later)
    damaged = place.record(later + HOUR, BagState.DAMAGED)
    assert damaged == Verified(
        checked_at=later + HOUR,
        read_at=later + HOUR,
        whole_at=later,
        how=Reading.WHOLE,
        state=BagState.DAMAGED,
        problem="found damaged",
    )
    assert place.record(later + 2 * HOUR).state is BagState.WHOLE


def test_a_fast_look_says_when_it_was_and_never_that_a_byte_was_read(place: Place) -> None:
    fast = place.record(NOON + DAY, how=Reading.FAST)
    assert fast == replace(FIRST, checked_at=NOON + DAY, how=Reading.FAST)
    missing = place.record(NOON + 2 * DAY, BagState.MISSING, Reading.FAST)
    assert (missing.state, missing.read_at, missing.whole_at) == (BagState.MISSING, NOON, NOON)
    assert place.record(NOON + 3 * DAY, how=Reading.FAST).state is BagState.WHOLE, "what a list said, a list takes back"


@pytest.mark.parametrize("state", [BagState.WHOLE, BagState.MISSING])
def test_a_fast_look_takes_back_nothing_that_a_reading_found(place: Place, state: BagState) -> None:
    place.record(NOON + DAY, BagState.DAMAGED)
    known = place.record(NOON + 2 * DAY, state, Reading.FAST)
    assert (known.checked_at, known.read_at) == (NOON + 2 * DAY, NOON + DAY)
    assert (known.how, known.state, known.problem) == (Reading.WHOLE, BagState.DAMAGED, "found damaged")


def test_a_look_that_began_before_the_newest_one_changes_nothing(place: Place) -> None:
    newest = place.record(NOON + 2 * DAY, BagState.DAMAGED)
    assert place.record(NOON + DAY) == newest


def test_a_look_of_a_time_to_come_shuts_out_nothing(place: Place) -> None:  # I14
    place.record(NOON + 400 * DAY)
    assert place.record(NOON + DAY, BagState.DAMAGED).state is BagState.DAMAGED


def test_looks_are_recorded_while_another_run_holds_the_lease_and_it_goes_on(place: Place) -> None:
    with place.ledger.open_run("apply", "acme") as run:
        place.record(NOON + DAY)
        run.append(JobId("a"), Phase.BEGIN, FINGERPRINT)
    assert place.known.whole_at == NOON + DAY


def test_an_older_proof_of_an_apply_is_no_step_back(place: Place) -> None:
    newest = place.record(NOON + 2 * DAY)
    with place.ledger.open_run("apply", "acme") as run:
        run.append(JobId("a"), Phase.BEGIN, FINGERPRINT)
        run.record_archived(proof(at=NOON + DAY))
    assert place.known == newest


def test_where_looks_cannot_be_recorded_nothing_is_and_it_is_told(place: Place) -> None:
    with changing(place.database) as change:
        change("ALTER TABLE verification RENAME TO elsewhere")
        with pytest.raises(LedgerError, match="cannot be used"):
            place.record(NOON + DAY)
        change("ALTER TABLE elsewhere RENAME TO verification")
    assert place.known == FIRST


def test_a_look_is_not_recorded_in_a_newer_ledger(place: Place) -> None:
    with changing(place.database) as change:
        change("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match="newer version"):
        place.record(NOON + DAY)


def test_a_ledger_that_is_gone_is_not_made_anew_for_a_look(database: Database) -> None:  # I13
    log = SqlVerificationLog(database, clock=HandMadeClock())
    with pytest.raises(LedgerError, match="is gone"):
        log.record([])
    with database.reading() as connection:
        assert connection is None


def test_a_word_that_no_version_writes_is_told(place: Place) -> None:
    with changing(place.database) as change:
        change("UPDATE verification SET state = 'odd'")
    with pytest.raises(LedgerError, match="cannot be read"):
        place.ledger.verifications()


def test_a_ledger_that_is_not_there_remembers_nothing(database: Database) -> None:
    assert ledger_at(database).verifications() == {}
