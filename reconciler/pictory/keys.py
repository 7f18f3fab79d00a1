"""Where the API key comes from.  It is never shown, not even in part (I11)."""

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from reconciler.core.secret import Secret
from reconciler.errors import AuthenticationRefused

NAMES = ("PICTORY_API_KEY", "PICTORY_API_KEY_FILE", "PICTORY_API_KEY_COMMAND")
COMMAND_TAKES_AT_MOST_S = 30


def find_key(environ: Mapping[str, str]) -> Secret:
    """Find the key: the variable itself, else the first line of a file, else the first line a command prints.

    Raises:
        AuthenticationRefused: none of the three is set, or the one that is cannot be used.
    """
    plain, file, command = (environ.get(name, "").strip() for name in NAMES)
    if plain:
        return _checked(plain, NAMES[0])
    if file:
        return _checked(_first_line_of_file(file), NAMES[1])
    if command:
        return _checked(_first_line_printed(command), NAMES[2])
    raise AuthenticationRefused(
        f"no API key: {', '.join(NAMES)} were looked at, none is set",
        hint="Set one of them; the key is on the API access page of your Pictory account.",
    )


def _first_line_of_file(name: str) -> str:
    try:
        text = Path(name).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text, or its folder cannot be told"
        # What looks like no path may be the key itself, put into the wrong variable.
        shown = name if name.startswith(("~", ".")) or "/" in name else "a file"
        raise AuthenticationRefused(
            f"{NAMES[1]} names {shown}, which cannot be read: {reason}", hint="Put the key on its first line."
        ) from None
    return text.partition("\n")[0].strip()


def _first_line_printed(command: str) -> str:
    # What it prints is never shown: it may be the key, or a key with an error around it.
    try:
        ended = subprocess.run(  # noqa: S603 - the user's own command, split without a shell
            shlex.split(command), capture_output=True, timeout=COMMAND_TAKES_AT_MOST_S, check=False, text=True
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise AuthenticationRefused(
            f"the command in {NAMES[2]} could not be run ({type(error).__name__})",
            hint="It is run without a shell, and must print the key within 30 s.",
        ) from None
    if ended.returncode:
        raise AuthenticationRefused(
            f"the command in {NAMES[2]} ended with {ended.returncode}", hint="Run it by hand to see why."
        )
    return ended.stdout.partition("\n")[0].strip()


def _checked(key: str, name: str) -> Secret:
    if not key:
        raise AuthenticationRefused(f"{name} gives an empty key", hint="Put the key itself there.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise AuthenticationRefused(
            f"{name} gives {len(key)} characters that are no key: a space, a control or a non-ASCII character is in it",
            hint="Give the key alone, without quotes, without the word Bearer.",
        )
    return Secret(key)
