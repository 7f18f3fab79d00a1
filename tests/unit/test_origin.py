"""Who runs this, as the environment says it, in words that the audit can keep (I11)."""

import getpass
import socket

import pytest

from reconciler.wiring.origin import LONGEST, RUNNERS, origin

HERE = (("user", getpass.getuser()), ("host", socket.gethostname()))


def test_without_a_runner_it_is_the_user_of_this_machine() -> None:
    told = origin({"CI": "true", "PATH": "/bin"})
    assert told.actor == f"{getpass.getuser()}@{socket.gethostname()}"
    assert told.facts == HERE


@pytest.mark.parametrize("runner", RUNNERS, ids=lambda runner: runner.name)
def test_each_runner_is_known_by_its_sign_and_by_whom_it_names(runner: object) -> None:
    sign, user, name = (getattr(runner, each) for each in ("sign", "user", "name"))
    assert dict(origin({sign: "true"}).facts)["ci"] == name
    asked = origin({user: "mona"})
    assert asked.actor == f"mona@{socket.gethostname()}"
    assert asked.facts == (*HERE, ("ci", name), ("asked_by", "mona")), "an address that is not whole is left out"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://build.invalid/job/7/", "https://build.invalid/job/7/"),
        ("https://mona:the-secret@build.invalid:8443/job/7/#top", "https://build.invalid:8443/job/7/"),
        ("https://[nonsense", None),
    ],
)
def test_an_address_is_told_without_what_opens_it(address: str, told: str | None) -> None:  # I11
    assert dict(origin({"JENKINS_URL": "x", "BUILD_URL": address}).facts).get("ci_run") == told


def test_endless_text_is_cut() -> None:
    told = origin(
        {"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "m" * 5000, "CI_JOB_URL": "https://x.invalid/" + "y" * 5000}
    )
    assert max(len(text) for _, text in told.facts) == LONGEST
    assert len(told.actor) <= LONGEST + 1 + len(socket.gethostname())


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise OSError("no such user")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert origin({}).actor.startswith("uid-")
