"""What the tests of bad days begin with."""

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace


@pytest.fixture
def three_planned(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """A saved plan that would clean three renders: job 1 first, then 2, then 3."""
    jobs = [emulator.put_job(job_id(number), bodies.render()) for number in (1, 2, 3)]
    workplace.write_desired("keep-me")
    assert [change["job"] for change in workplace.plan()["changes"]] == jobs
    return workplace
