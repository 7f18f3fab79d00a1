"""The service: who is asked for jobs, times, sizes and the account."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.clock import pause_unless
from reconciler.wiring.settings import API_BASE_URL, Settings, user_agent

if TYPE_CHECKING:
    from reconciler.engine.ports import (
        Evidence,
        JobsReader,
        Stop,
    )
    from reconciler.engine.status import AccountReaders
    from reconciler.pictory.calls import ApiCalls


@contextmanager
def api_calls(settings: Settings, stop: "Stop | None" = None) -> Iterator["ApiCalls"]:
    """Give what calls the service, with the key of the environment; `stop` ends what would be waited for long."""
    from reconciler.engine.stopping import UNSTOPPABLE
    from reconciler.pictory.calls import ApiCalls
    from reconciler.pictory.keys import find_credentials
    from reconciler.pictory.pacing import Pacer
    from reconciler.pictory.patience import not_sent
    from reconciler.report.run_text import present_pace_line

    base_url = os.environ.get("PICTORY_API_BASE_URL", "").strip() or API_BASE_URL
    credentials = find_credentials(os.environ)
    stopping = (stop or UNSTOPPABLE).requested
    pause = pause_unless(stopping, not_sent)
    pacer = Pacer(settings.calls_per_second, pause=pause, say=settings.talk)
    with ApiCalls(
        base_url,
        credentials,
        pacer,
        patience_s=settings.patience_s,
        pause=pause,
        stopping=stopping,
        say=settings.talk,
    ) as calls:
        try:
            yield calls
        finally:
            settings.talk(present_pace_line(pacer.pace()))


def jobs_reader(settings: Settings, calls: "ApiCalls") -> "JobsReader":
    """Give what reads jobs."""
    from reconciler.pictory.reader import PictoryReader

    return PictoryReader(calls, most_pages=settings.most_pages, most_jobs=settings.most_listed_jobs, say=settings.talk)


@contextmanager
def evidence_of(settings: Settings, calls: "ApiCalls") -> Iterator["Evidence"]:
    """Give whom to ask for what the list does not show."""
    from reconciler.archive.sizes import HeadSizes
    from reconciler.engine.ports import Evidence
    from reconciler.pictory.studio import StudioLists

    with HeadSizes(user_agent=user_agent(), patience_s=settings.patience_s) as sizes:
        yield Evidence(times=StudioLists(calls, most_pages=settings.most_pages), sizes=sizes)


@contextmanager
def account_readers(settings: Settings) -> Iterator["AccountReaders"]:
    """Give what asks the service about the account beside its jobs."""
    from reconciler.engine.status import AccountReaders
    from reconciler.pictory.quota import PictoryQuota
    from reconciler.pictory.studio import StudioLists

    with api_calls(settings) as calls:
        yield AccountReaders(quota=PictoryQuota(calls), times=StudioLists(calls, most_pages=settings.most_pages))
