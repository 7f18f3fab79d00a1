"""Where credentials come from: the API key, or the older client pair.  They are never shown, not even in part (I11)."""

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.secret import Secret
from reconciler.errors import AuthenticationRefused
from reconciler.pictory.credentials import ClientPair, Credentials, RawKey, is_sendable

COMMAND_TAKES_AT_MOST_S = 30


@dataclass(frozen=True, slots=True)
class Sought:
    """A secret that is looked for: the variable that may hold it, and what it is called in sentences."""

    name: str
    noun: str

    @property
    def names(self) -> tuple[str, str, str]:
        """The three variables that are looked at, in this order: the secret, its file, the command that prints it."""
        return self.name, f"{self.name}_FILE", f"{self.name}_COMMAND"


KEY = Sought("PICTORY_API_KEY", "key")
CLIENT_SECRET = Sought("PICTORY_CLIENT_SECRET", "client secret")
CLIENT_ID = Sought("PICTORY_CLIENT_ID", "client id")
USER_ID = Sought("PICTORY_USER_ID", "user id")
PAIR = (CLIENT_ID.name, *CLIENT_SECRET.names)


def find_credentials(environ: Mapping[str, str]) -> Credentials:
    """Find the key, or the client id with its client secret and, if there is one, the user id.

    Raises:
        AuthenticationRefused: neither is set, or both are, or half a pair, or what is set cannot be used.
    """
    keys = _set(environ, KEY.names)
    pair = _set(environ, PAIR)
    if keys and pair:
        raise AuthenticationRefused(
            f"both a key ({', '.join(keys)}) and a client pair ({', '.join(pair)}) are set, "
            "so it cannot be told which account is meant",
            hint="Unset one of the two; a key needs nothing beside it.",
        )
    if pair:
        return _pair(environ)
    key = find_secret(environ, KEY)
    if key is None:
        raise AuthenticationRefused(
            f"no API key: {', '.join(KEY.names)} were looked at, none is set",
            hint="Set one of them; the key is on the API access page of your Pictory account. "
            f"The older client pair is {CLIENT_ID.name} with {CLIENT_SECRET.name}.",
        )
    return RawKey(key)


def _set(environ: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    return [name for name in names if environ.get(name, "").strip()]


def _pair(environ: Mapping[str, str]) -> ClientPair:
    client_id = find_plain(environ, CLIENT_ID)
    if client_id is None:
        raise AuthenticationRefused(
            f"a client secret without its client id: {CLIENT_ID.name} is not set",
            hint=f"Set it, or use a key alone ({KEY.name}).",
        )
    client_secret = find_secret(environ, CLIENT_SECRET)
    if client_secret is None:
        raise AuthenticationRefused(
            f"a client id without its client secret: {', '.join(CLIENT_SECRET.names)} were looked at, none is set",
            hint=f"Set one of them, or use a key alone ({KEY.name}).",
        )
    return ClientPair(client_id, client_secret, find_plain(environ, USER_ID))


def find_plain(environ: Mapping[str, str], sought: Sought) -> Secret | None:
    """Find what only its own variable holds; None when that is not set.

    Raises:
        AuthenticationRefused: it cannot be used.
    """
    plain = environ.get(sought.name, "").strip()
    return _checked(plain, sought.name, sought) if plain else None


def find_secret(environ: Mapping[str, str], sought: Sought) -> Secret | None:
    """Find a secret: the variable itself, else the first line of a file, else the first line a command prints.

    None when none of the three variables is set.

    Raises:
        AuthenticationRefused: the first one that is set cannot be used.
    """
    plain, file, command = (environ.get(name, "").strip() for name in sought.names)
    if plain:
        return _checked(plain, sought.names[0], sought)
    if file:
        return _checked(_first_line_of_file(file, sought), sought.names[1], sought)
    if command:
        return _checked(_first_line_printed(command, sought), sought.names[2], sought)
    return None


def _first_line_of_file(name: str, sought: Sought) -> str:
    try:
        text = Path(name).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text, or its folder cannot be told"
        # What looks like no path may be the secret itself, put into the wrong variable.
        shown = name if name.startswith(("~", ".")) or "/" in name else "a file"
        raise AuthenticationRefused(
            f"{sought.names[1]} names {shown}, which cannot be read: {reason}",
            hint=f"Put the {sought.noun} on its first line.",
        ) from None
    return text.partition("\n")[0].strip()


def _first_line_printed(command: str, sought: Sought) -> str:
    # What it prints is never shown: it may be the secret, or a secret with an error around it.
    try:
        ended = subprocess.run(  # noqa: S603 - the user's own command, split without a shell
            shlex.split(command), capture_output=True, timeout=COMMAND_TAKES_AT_MOST_S, check=False, text=True
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise AuthenticationRefused(
            f"the command in {sought.names[2]} could not be run ({type(error).__name__})",
            hint=f"It is run without a shell, and must print the {sought.noun} within 30 s.",
        ) from None
    if ended.returncode:
        raise AuthenticationRefused(
            f"the command in {sought.names[2]} ended with {ended.returncode}", hint="Run it by hand to see why."
        )
    return ended.stdout.partition("\n")[0].strip()


def _checked(text: str, name: str, sought: Sought) -> Secret:
    if not text:
        raise AuthenticationRefused(f"{name} gives an empty {sought.noun}", hint=f"Put the {sought.noun} itself there.")
    if not is_sendable(text):
        raise AuthenticationRefused(
            f"{name} gives {len(text)} characters that are no {sought.noun}: "
            "a space, a control or a non-ASCII character is in it",
            hint=f"Give the {sought.noun} alone, without quotes, without the word Bearer.",
        )
    return Secret(text)
