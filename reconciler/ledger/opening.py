"""Which database an address names."""

from pathlib import Path

from reconciler.errors import UsageRefused
from reconciler.ledger.database import Database
from reconciler.ledger.postgres import PostgresDatabase
from reconciler.ledger.sqlite import SqliteDatabase


def database_at(address: str) -> Database:
    """Give the database of a ledger: that of a `postgresql://` address, else the SQLite file of that path.

    Raises:
        UsageRefused: the address names another kind of database, or cannot be read.
    """
    scheme, is_address, _ = address.partition("://")
    if not is_address:
        return SqliteDatabase(Path(address))
    if scheme not in {"postgresql", "postgres"}:
        raise UsageRefused(
            f"a ledger is kept in a file or in PostgreSQL, not at {scheme}://",
            hint="Name a folder, a file that ends in .db, or postgresql://USER@HOST/DATABASE.",
        )
    return PostgresDatabase(address)
