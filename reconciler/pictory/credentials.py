"""What a call carries so that the service lets it in: the key, or a token had for the older client pair.

Nothing here knows how calls are made; whoever makes one lends the call that asks for a token.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol

from reconciler.core.secret import Secret
from reconciler.errors import AuthenticationRefused, ServiceAnswerUnreadable
from reconciler.pictory.answers import Answer, Kind

OAUTH_PATH = "/v1/oauth2/token"
OAUTH_CALL = f"POST {OAUTH_PATH}"
USUAL_LIFE_S = 3600.0
"""How long a token is good by the documentation: what counts where an answer says nothing that makes sense."""
LONGEST_LIFE_S = 86_400.0
"""A token is never kept for longer, whatever the answer says."""
MARGIN_S, MARGIN_SHARE = 60.0, 0.1
"""A token is replaced before its end: by the smaller of these seconds and this part of its life."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What one call carries: the headers, and all that the service's words must not tell of it."""

    headers: Mapping[str, Secret]
    hidden: tuple[Secret, ...]


class TokenCall(Protocol):
    """Sends the call for a token, with these fields of a JSON object and no credentials beside them."""

    def __call__(self, body: Mapping[str, Secret], /) -> Answer:
        """Give the answer.  Raises what a read raises, except that a refusal (400, 401, 403) is an answer."""
        ...


class Credentials(Protocol):
    """Lets calls in.  `name` is what the service refuses, in words, and `hint` what to do when it does."""

    @property
    def name(self) -> str:
        """Name it, for people."""
        ...

    @property
    def hint(self) -> str:
        """Say what to check."""
        ...

    @property
    def told_by(self) -> tuple[Secret, ...]:
        """Give what tells these credentials from those of another account."""
        ...

    def carried(self, ask: TokenCall, /) -> Carried:
        """Give what a call carries now; `ask` is used where that has to be had first."""
        ...

    def renewed(self, refused: Carried, ask: TokenCall, /) -> Carried | None:
        """Give what to carry in place of what was answered 401; None where nothing else can be had."""
        ...


class RawKey:
    """The key, as it is.  It has no end, so nothing else can be had for it."""

    name = "the key"
    hint = "Check PICTORY_API_KEY (or …_FILE, …_COMMAND); the key goes there as it is, without Bearer."

    def __init__(self, key: Secret) -> None:
        self._carried = Carried({"Authorization": key}, (key,))

    @property
    def told_by(self) -> tuple[Secret, ...]:
        """Give the key."""
        return self._carried.hidden

    def carried(self, _ask: TokenCall, /) -> Carried:
        """Give the key."""
        return self._carried

    def renewed(self, _refused: Carried, _ask: TokenCall, /) -> None:
        """Give none: a key that is refused stays refused."""


@dataclass(frozen=True, slots=True)
class _Token:
    """What calls carry with a token, and when it is replaced (seconds of the pair's clock)."""

    carried: Carried
    until: float


class ClientPair:
    """The older client id and client secret: has a token, and another one before it ends or when it is refused.

    One token serves all threads: while one thread asks for it, the others wait.  A pair that was refused is not sent
    again.
    """

    name = "the token of the client pair"
    hint = (
        "Check PICTORY_CLIENT_ID and PICTORY_CLIENT_SECRET (or …_FILE, …_COMMAND); "
        "some accounts need PICTORY_USER_ID beside them."
    )

    def __init__(
        self,
        client_id: Secret,
        client_secret: Secret,
        user_id: Secret | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pair = {"client_id": client_id, "client_secret": client_secret}
        self._user_id = {"X-Pictory-User-Id": user_id} if user_id else {}
        self._now = now
        self._token: _Token | None = None
        self._refused = ""
        self._lock = threading.Lock()

    @property
    def told_by(self) -> tuple[Secret, ...]:
        """Give the client id and the user id, empty if there is none: a new secret for them is no other account."""
        return (self._pair["client_id"], self._user_id.get("X-Pictory-User-Id", Secret("")))

    def carried(self, ask: TokenCall, /) -> Carried:
        """Give the token, a new one where there is none or it is about to end.

        Raises:
            AuthenticationRefused: the service refused the pair.
            ServiceError: no token could be had.
        """
        with self._lock:
            if self._token is None or self._now() >= self._token.until:
                self._token = self._had(ask)
            return self._token.carried

    def renewed(self, refused: Carried, ask: TokenCall, /) -> Carried:
        """Give a token other than the refused one: the one that another thread had since then, or a new one.

        Raises:
            AuthenticationRefused: the service refused the pair.
            ServiceError: no token could be had.
        """
        with self._lock:
            if self._token is not None and self._token.carried is refused:
                self._token = None
        return self.carried(ask)

    def _had(self, ask: TokenCall) -> _Token:
        if self._refused:
            self._refuse()
        began = self._now()  # before the call: the token's life began no earlier
        answer = ask(self._pair)
        if answer.status in {400, 401, 403}:
            self._refused = f"HTTP {answer.status}: {answer.words}"
            self._refuse()
        if answer.kind is not Kind.FINE:
            raise ServiceAnswerUnreadable(
                f"{OAUTH_CALL}: HTTP {answer.status}: {answer.words}",
                hint="Check PICTORY_API_BASE_URL; a service without this call takes a key alone, PICTORY_API_KEY.",
            )
        told = answer.body.get("access_token")
        if not isinstance(told, str) or not is_sendable(told):
            raise ServiceAnswerUnreadable(
                f"{OAUTH_CALL}: HTTP {answer.status} without a usable `access_token`",
                hint="Check PICTORY_API_BASE_URL. A token is text of printable ASCII characters without a space.",
            )
        token = Secret(told)
        headers = {"Authorization": token, **self._user_id}
        life_s = life_of(answer.body.get("expires_in"))
        return _Token(
            Carried(headers, (*self._pair.values(), *headers.values())),
            began + life_s - min(MARGIN_S, life_s * MARGIN_SHARE),
        )

    def _refuse(self) -> NoReturn:
        raise AuthenticationRefused(
            f"{OAUTH_CALL}: the service refused the client pair ({self._refused})",
            hint="Check PICTORY_CLIENT_ID and PICTORY_CLIENT_SECRET (or …_FILE, …_COMMAND).",
        )


def is_sendable(text: str) -> bool:
    """Tell whether a text can stand in a header as it is: printable ASCII characters, no space, at least one."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def life_of(told: object) -> float:
    """Read `expires_in` as seconds.

    A number above 0, or digits as text, is believed up to a day.  Anything else (absent, 0, negative, words) says
    nothing; a token is then taken to be good for the documented hour, and one that ends sooner is found out by its 401.
    """
    if isinstance(told, str) and told.isascii() and told.isdigit():
        told = int(told[:9])
    if isinstance(told, bool) or not isinstance(told, int | float) or not told > 0:
        return USUAL_LIFE_S
    return float(min(told, LONGEST_LIFE_S))
