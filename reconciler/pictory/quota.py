"""What of the plan is used: four pairs of figures.  None of them is about storage, for which the service has none."""

import re
from collections.abc import Mapping
from decimal import Decimal

from reconciler.engine.account import Allowance, Quota
from reconciler.errors import ServiceAnswerUnreadable
from reconciler.pictory.answers import Kind
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.parts import REPEATED

WHAT = "GET /v1/quota"
MOST = Decimal(10) ** 15
"""A figure beyond this is none: it would be shown as noise."""

_NUMERIC = re.compile(r"\s*\d{1,16}(\.\d{1,16})?\s*", re.ASCII)


class PictoryQuota:
    """Reads the quota; sends GET only."""

    def __init__(self, calls: ApiCalls) -> None:
        self._calls = calls

    def quota(self) -> Quota:
        """Read the quota, whatever of it there is.

        Raises:
            ServiceError: no usable answer.
            AuthenticationRefused: the key was refused.
        """
        got = self._calls.get("/v1/quota", what=WHAT)
        if got is None:
            raise ServiceAnswerUnreadable(f"{WHAT}: not found", hint="Check PICTORY_API_BASE_URL.")
        if got.answer.kind is not Kind.FINE:
            raise ServiceAnswerUnreadable(f"{WHAT}: HTTP {got.answer.status}: {got.answer.words}")
        return read_quota(got.answer.body)


def read_quota(body: Mapping[str, object]) -> Quota:
    """Read the four pairs.  Never raises: a pair that lacks a figure, has another shape or stands twice is None."""
    return Quota(
        video_minutes=_pair(body, "videoMinutes"),
        transcription_minutes=_pair(body, "transcriptionMinutes"),
        voice_over_minutes=_pair(body, "elevenLabsVoiceOverMinutes"),
        ai_credits=_pair(body, "aiCredits"),
    )


def _pair(body: Mapping[str, object], name: str) -> Allowance | None:
    pair, repeated = body.get(name), body.get(REPEATED)
    if not isinstance(pair, dict) or (isinstance(repeated, list) and name in repeated):
        return None
    used, limit = _figure(pair.get("used")), _figure(pair.get("limit"))
    return None if used is None or limit is None else Allowance(used=used, limit=limit)


def _figure(value: object) -> Decimal | None:
    """Read a number, or a text that is one; a missing figure is no zero, and a negative one is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        return Decimal(value.strip()) if _NUMERIC.fullmatch(value) else None
    if not 0 <= value <= MOST:  # false for what is no number, too
        return None
    return Decimal(str(value))
