"""A ledger in PostgreSQL, for teams and for machines whose disk does not last.

Whoever writes locks the lease's row first (reconciler.ledger.lease), so transactions that write come one after the
other; whoever reads sees one state.  A password is taken in each way that libpq knows, and is never shown (I11).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from reconciler.errors import LedgerError, UsageRefused
from reconciler.ledger.database import telling
from reconciler.ledger.revisions import RESTORE_HINT, already_there, bring_up_to_date, check_revision, is_empty

LOCK_WAIT_S, ADDING_WAIT_S = 30, 5
"""How long a transaction waits for another one's, and the same for what is not worth waiting for."""
IDLE_S = 60
"""A writer that stands still inside a transaction for so long is cut off by the server: its program sleeps."""
# A server that went away without a word is noticed within half a minute or so.
WHILE_CONNECTED: dict[str, int] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
SECRET_OPTIONS = ("password", "sslpassword", "oauth_client_secret")
_MIGRATING = 5_217_440_921_385_702_631
"""The advisory lock of whoever makes or changes the tables: any number, and always the same."""


class PostgresDatabase:
    """Implements reconciler.ledger.database.Database over a database of a PostgreSQL server.

    Raises:
        UsageRefused: the address cannot be read; from each way to it, that the driver is not installed.
    """

    def __init__(self, address: str) -> None:
        self._url = _url_of(address)
        shown = URL.create("postgresql", self._url.username, None, self._url.host, self._url.port, self._url.database)
        self._name = shown.render_as_string(hide_password=True)
        self._secrets = _secrets_of(self._url)

    @property
    def name(self) -> str:
        """The address, without password and options."""
        return self._name

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """Give a connection that sees one state and cannot write; None when there are no tables yet."""
        engine = self._engine(wait_s=LOCK_WAIT_S)
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        try:
            with self.told(), engine.connect().execution_options(**options) as connection:
                if is_empty(connection):
                    yield None
                    return
                check_revision(connection, self._name, may_be_older=False)
                yield connection
        finally:
            engine.dispose()

    def writing(self, *, at: str, say: Callable[[str], None]) -> Engine:
        """Give an engine whose transactions are durable; makes the tables in a database that has none.

        Every step that brings an older ledger up to date is part of one transaction, so no copy is made first.
        """
        del at  # names a copy, and there is none
        engine = self._engine(wait_s=LOCK_WAIT_S, idle_s=IDLE_S)
        try:
            with self.told(), engine.begin() as connection:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
                if not is_empty(connection):
                    check_revision(connection, self._name, may_be_older=True)
                bring_up_to_date(connection, self._name, say=say)
        except BaseException:
            engine.dispose()
            raise
        return engine

    @contextmanager
    def adding(self) -> Iterator[Connection]:
        """Give one durable transaction on a ledger that is there; it waits `ADDING_WAIT_S` at most."""
        with self._one_transaction(wait_s=ADDING_WAIT_S, idle_s=IDLE_S) as connection:
            if is_empty(connection):
                raise LedgerError(f"the ledger {self._name} is gone", hint=RESTORE_HINT)
            check_revision(connection, self._name, may_be_older=False)
            yield connection

    def is_there(self) -> bool:
        """Tell whether the database has any table."""
        with self._one_transaction(wait_s=LOCK_WAIT_S) as connection:
            return not is_empty(connection)

    def make(self, fill: Callable[[Connection], None]) -> None:
        """Make the tables and what `fill` puts into them, in one transaction."""
        with self._one_transaction(wait_s=LOCK_WAIT_S, idle_s=IDLE_S) as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
            if not is_empty(connection):
                raise already_there(self._name)
            bring_up_to_date(connection, self._name, say=lambda _line: None)
            fill(connection)

    @contextmanager
    def _one_transaction(self, *, wait_s: int, idle_s: int = 0) -> Iterator[Connection]:
        engine = self._engine(wait_s=wait_s, idle_s=idle_s)
        try:
            with self.told(), engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what the database says into a LedgerError without anything secret."""
        with telling(self._name, _hint_for, _is_busy, self._hidden):
            yield

    def _hidden(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _engine(self, *, wait_s: int, idle_s: int = 0) -> Engine:
        given = {name: setting for name, setting in WHILE_CONNECTED.items() if name not in self._url.query}
        try:
            engine = create_engine(self._url, connect_args={**given, "application_name": "reconciler"})
        except ImportError as error:  # an extra: only this kind of ledger needs it
            raise UsageRefused(
                f"a ledger in PostgreSQL needs psycopg, which cannot be loaded: {error}",
                hint="Install it: pip install 'pictory-reconciler[postgres]'",
            ) from error
        event.listen(engine, "connect", lambda connection, _record: _ready(connection, wait_s, idle_s))
        return engine


def _url_of(address: str) -> URL:
    # The address is repeated in no message: it may hold a password.
    how = "Write postgresql://USER@HOST/DATABASE; the password is best left to PGPASSWORD or ~/.pgpass."
    before_path = address.partition("://")[2].partition("?")[0]
    if before_path.count("@") > 1:
        raise UsageRefused("the ledger's address has more than one @; in a name or password write %40", hint=how)
    try:
        return make_url(address).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise UsageRefused("the ledger's address cannot be read", hint=how) from None


def _secrets_of(url: URL) -> tuple[str, ...]:
    """Give what must never be shown, as it is and as it is written in an address."""
    written = [url.password, *(url.query.get(name) for name in SECRET_OPTIONS)]
    plain = [text for text in written if isinstance(text, str) and text]
    return tuple(sorted({*plain, *(quote(text, safe="") for text in plain)}, key=len, reverse=True))


def _ready(connection: DBAPIConnection, wait_s: int, idle_s: int) -> None:
    """Ready a connection: what is committed is on the disk, and nobody waits for a program that sleeps."""
    cursor = connection.cursor()
    # What an administrator set more strictly than `on` stays.
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    cursor.execute(f"SET lock_timeout = '{wait_s}s'")
    cursor.execute(f"SET idle_in_transaction_session_timeout = '{idle_s}s'")
    cursor.close()
    connection.commit()


_LOCK_NOT_AVAILABLE = "55P03"
# What the server or libpq says, by its code or its words, and what is to be done.
_HINTS: tuple[tuple[str, str], ...] = (
    ("password authentication failed", "Check user and password: PGPASSWORD, ~/.pgpass, or the address."),
    ("no password supplied", "Give the password with PGPASSWORD or ~/.pgpass."),
    ("no pg_hba.conf entry", "The server lets in no such user from this machine; its administrator can."),
    (
        "does not exist",
        "Check the address; a database is made with: createdb NAME. The tables are made by a first run.",
    ),
    ("permission denied", "Give the ledger's user the rights of an owner on a database, or a schema, of its own."),
    ("read-only transaction", "This server takes no writes (a standby?); name the one that does."),
    ("lock timeout", "Another run writes at this moment; run the command again."),
    ("terminating connection", "What was recorded is kept; run the command again, and it carries on."),
    ("server closed the connection", "What was recorded is kept; run the command again, and it carries on."),
    ("connection", "Check that the server runs, that this machine may reach it, and the address."),
)


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def _hint_for(error: BaseException) -> str:
    text = str(error)
    return next((hint for words, hint in _HINTS if words in text), RESTORE_HINT)
