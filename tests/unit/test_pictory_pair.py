"""Where the older client pair comes from, and what is refused before anything is sent."""

import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.core.secret import Secret
from reconciler.errors import AuthenticationRefused
from reconciler.pictory.answers import Answer, read_answer
from reconciler.pictory.credentials import ClientPair, RawKey
from reconciler.pictory.keys import CLIENT_ID, CLIENT_SECRET, KEY, PAIR, USER_ID, Sought, find_credentials, find_secret
from tests.support.credentials import nobody_asks, shown

ID, SECRET, USER = "client-canary-1", "secret-canary-22", "user-canary-333"
PLAIN, FILE, COMMAND = CLIENT_SECRET.names


def sent_for(environ: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Give the fields with which a token is asked for, and the headers of a call."""
    asked: dict[str, str] = {}

    def give(body: Mapping[str, Secret], /) -> Answer:
        asked.update({name: secret.reveal() for name, secret in body.items()})
        return read_answer(200, b'{"access_token": "t"}')

    return asked, shown(find_credentials(environ).carried(give))


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, str]:
    """A secret in each of the three places."""
    (tmp_path / "secret").write_text(f"{SECRET}-of-the-file\nsecond line\n")
    return {PLAIN: SECRET, FILE: str(tmp_path / "secret"), COMMAND: f"echo {SECRET}-of-the-command"}


def test_the_secret_is_found_as_a_key_is(sources: dict[str, str]) -> None:
    for found in (SECRET, f"{SECRET}-of-the-file", f"{SECRET}-of-the-command"):
        asked, headers = sent_for({CLIENT_ID.name: ID, **sources})
        assert asked == {"client_id": ID, "client_secret": found}
        assert headers == {"Authorization": "t"}
        del sources[next(iter(sources))]


def test_a_user_id_goes_with_the_pair() -> None:
    environ = {CLIENT_ID.name: f" {ID} ", PLAIN: f"{SECRET}\n", USER_ID.name: f" {USER} "}
    assert sent_for(environ)[1] == {"Authorization": "t", "X-Pictory-User-Id": USER}


def test_a_key_needs_no_user_id_and_sends_none() -> None:
    credentials = find_credentials({KEY.name: "pictai_x", USER_ID.name: USER})
    assert isinstance(credentials, RawKey)
    assert shown(credentials.carried(nobody_asks)) == {"Authorization": "pictai_x"}


def test_nothing_is_asked_for_until_the_first_call() -> None:
    assert isinstance(find_credentials({CLIENT_ID.name: ID, PLAIN: SECRET}), ClientPair)


@pytest.mark.parametrize("key", KEY.names)
@pytest.mark.parametrize("half", PAIR)
def test_a_key_and_any_part_of_a_pair_is_unclear(key: str, half: str, tmp_path: Path) -> None:
    """Neither file is read and no command run: which account is meant has to be said first."""
    mark = tmp_path / "was-run"
    check_refused(
        {key: f"touch {mark}", half: f"touch {mark}"}, f"both a key ({key}) and a client pair ({half}) are set"
    )
    assert not mark.exists()


def test_a_key_and_a_pair_are_named_with_all_their_variables(sources: dict[str, str]) -> None:
    told = f"both a key ({KEY.name}) and a client pair ({', '.join(PAIR)}) are set"
    check_refused({KEY.name: SECRET, CLIENT_ID.name: ID, **sources}, told)


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "an id alone": (
        {CLIENT_ID.name: ID},
        f"a client id without its client secret: {PLAIN}, {FILE}, {COMMAND} were looked at, none is set",
    ),
    "a secret alone": ({PLAIN: SECRET}, f"a client secret without its client id: {CLIENT_ID.name} is not set"),
    "a file alone": ({FILE: "./none"}, f"{CLIENT_ID.name} is not set"),
    "a command alone": ({COMMAND: "true"}, f"{CLIENT_ID.name} is not set"),
    "a user id alone": ({USER_ID.name: USER}, "no API key"),
    "an empty id": ({CLIENT_ID.name: " ", PLAIN: SECRET}, f"{CLIENT_ID.name} is not set"),
    "an empty secret": ({CLIENT_ID.name: ID, PLAIN: "\t"}, "without its client secret"),
    "an id with a space": ({CLIENT_ID.name: f"{ID} x", PLAIN: SECRET}, "17 characters that are no client id"),
    "an id of two lines": ({CLIENT_ID.name: f"{ID}\nx", PLAIN: SECRET}, "characters that are no client id"),
    "a secret with a space": ({CLIENT_ID.name: ID, PLAIN: f"Bearer {SECRET}"}, "characters that are no client secret"),
    "a user id of two lines": (
        {CLIENT_ID.name: ID, PLAIN: SECRET, USER_ID.name: f"{USER}\r\nX-Other: 1"},
        f"{USER_ID.name} gives 27 characters that are no user id",
    ),
    "the secret where its file belongs": ({CLIENT_ID.name: ID, FILE: SECRET}, f"{FILE} names a file, which cannot"),
    "a file that is none": ({CLIENT_ID.name: ID, FILE: "./none"}, f"{FILE} names ./none, which cannot be read"),
    "a command that fails": ({CLIENT_ID.name: ID, COMMAND: "false"}, f"the command in {COMMAND} ended with 1"),
    "a command that prints nothing": ({CLIENT_ID.name: ID, COMMAND: "true"}, f"{COMMAND} gives an empty client secret"),
}


@pytest.mark.parametrize(("environ", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_half_a_pair_or_one_that_cannot_be_used_is_told_without_it(environ: dict[str, str], told: str) -> None:  # I11
    check_refused(environ, told)


def check_refused(environ: dict[str, str], told: str) -> None:
    with pytest.raises(AuthenticationRefused) as refused:
        find_credentials(environ)
    error = refused.value
    assert told in error.message
    assert error.hint
    everything = [error.message, error.hint, repr(error), *traceback.format_exception(error)]
    assert not any(secret in text for text in everything for secret in (ID, SECRET, USER))


@pytest.mark.parametrize("sought", [KEY, CLIENT_SECRET], ids=lambda sought: sought.noun)
def test_none_of_three_is_none(sought: Sought) -> None:
    assert find_secret(dict.fromkeys(sought.names, " "), sought) is None
