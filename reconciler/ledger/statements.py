"""Statements as the driver takes them: rows may come by the million, and ours for each would cost more than the write.

They are written with `?` for each value, and in SQL that every kind of database understands.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

AT_A_TIME = 10_000
"""Rows that are held in memory at once."""


def run_for_all(connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """Run a statement once for each row; not at all where there is none."""
    if rows:
        spelled = statement if connection.dialect.paramstyle == "qmark" else statement.replace("?", "%s")
        connection.exec_driver_sql(spelled, rows)


def fill(connection: Connection, rows: Iterable[tuple[Any, ...]], *, insert: str, copy: str) -> None:
    """Put rows into a table as quickly as its database can take them: by `insert`, or by PostgreSQL's `copy`."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        try:
            with driver.cursor() as cursor, cursor.copy(copy) as copied:
                for row in rows:
                    copied.write_row(row)
        except connection.dialect.loaded_dbapi.Error as error:  # as every other statement's
            raise DatabaseError(copy, None, error) from error
    else:
        for block in _blocks(rows):
            run_for_all(connection, insert, block)


def _blocks(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    left = iter(rows)
    while block := list(islice(left, AT_A_TIME)):
        yield block
