"""Every state of a small model of {archive, prove, journal, clean} beside crashes, lost replies and a second run.

The invariants hold in all of them, and each guard that is taken out of the model leads to a state in which one does
not: so the model could have failed, and each guard is there for a reason.  The phases are those of core.steps.
"""

import pytest

from reconciler.core.steps import FOLLOWS
from tests.support.depth import IS_NIGHT
from tests.support.life_model import GUARDS, Broken, Model, Walk, walk
from tests.support.telling import Tell

MOST_RUNS = 3 if IS_NIGHT else 2


@pytest.fixture(scope="module")
def whole() -> Walk:
    return walk(Model(most_runs=MOST_RUNS))


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_the_invariants_hold_in_every_state(whole: Walk, tell: Tell) -> None:  # I1, I3, I5, I8, I10
    tell(f"{MOST_RUNS} runs: {whole.states} states explored, {whole.steps} steps between them")
    assert whole.states > 100_000


def test_the_phases_of_the_model_are_the_legal_ones(whole: Walk) -> None:
    assert whole.edges == {(before, after) for before, follow in FOLLOWS.items() for after in follow}


@pytest.mark.parametrize("guard", sorted(GUARDS))
def test_without_a_guard_the_model_comes_to_harm(guard: str) -> None:
    with pytest.raises(Broken) as broken:
        walk(Model(GUARDS - {guard}))
    assert "takes the lease" in str(broken.value)
