"""A first look at an account, for whoever has no file yet.  Writes nothing (I6)."""

from dataclasses import replace

from reconciler.core.created_dates import created_dates
from reconciler.core.memory import LedgerView
from reconciler.core.survey import Survey, survey
from reconciler.engine.observe import observe
from reconciler.engine.ports import Clock, JobsReader, TimesReader


def first_look(reader: JobsReader, times: TimesReader, memory: LedgerView, clock: Clock) -> Survey:
    """Read the list, and what AI Studio tells of times, and sum it up.

    Raises:
        InventoryIncomplete: the list could not be read whole.
        AuthenticationRefused: the key was refused.
    """
    inventory = observe(reader, memory, clock)
    dates = created_dates(inventory.jobs, times.result_dates().dates)
    return survey(replace(inventory, created_dates=dates))
