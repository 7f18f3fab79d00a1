"""Statements as the driver takes them: rows may come by the million, and ours for each would cost more than the write.

They are written with `?` for each value, and in SQL that every kind of database understands.
"""

from typing import Any

from sqlalchemy import Connection


def run_for_all(connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """Run a statement once for each row; not at all where there is none."""
    if rows:
        spelled = statement if connection.dialect.paramstyle == "qmark" else statement.replace("?", "%s")
        connection.exec_driver_sql(spelled, rows)
