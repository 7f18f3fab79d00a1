"""A first look at an account, for whoever has no file yet.  Writes nothing (I6)."""

from reconciler.core.memory import LedgerView
from reconciler.core.survey import Survey, survey
from reconciler.engine.enquiry import dated
from reconciler.engine.observe import observe
from reconciler.engine.ports import Clock, JobsReader, TimesReader


def first_look(reader: JobsReader, times: TimesReader, memory: LedgerView, clock: Clock) -> Survey:
    """Read the list, and what AI Studio tells of times, and sum it up.

    Raises:
        InventoryIncomplete: the list could not be read whole.
        AuthenticationRefused: the key was refused.
    """
    return survey(dated(observe(reader, memory, clock), times.result_dates()))
