"""What a decision needs to remember: names, sizes, waiting, holds, imported times."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and tables; sizes of archived jobs are read off their receipts."""
    op.add_column("job", sa.Column("name", sa.Text))
    op.add_column("job", sa.Column("project", sa.Text))
    op.add_column("job", sa.Column("size", sa.BigInteger))
    op.add_column("job", sa.Column("released_since", sa.String(20)))
    op.add_column("job", sa.Column("kept_until", sa.String(20)))
    op.add_column("receipt", sa.Column("size", sa.BigInteger))
    op.create_table(
        "hold",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("set_at", sa.String(20), nullable=False),
        sa.Column("until", sa.String(20)),
        sa.Column("unkept_since", sa.String(20)),
        sa.Column("ended_at", sa.String(20)),
        sa.Column("ended_how", sa.String(20)),
        sa.PrimaryKeyConstraint("number", name="pk_hold"),
    )
    op.create_index("ix_hold_job_id", "hold", ["job_id"])
    op.create_table(
        "imported_time",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("made_at", sa.String(20), nullable=False),
        sa.Column("imported_at", sa.String(20), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("replaced_at", sa.String(20)),
        sa.PrimaryKeyConstraint("number", name="pk_imported_time"),
    )
    op.create_index("ix_imported_time_job_id", "imported_time", ["job_id"])
    _give_receipts_their_size()


def _give_receipts_their_size() -> None:
    receipt = sa.table("receipt", sa.column("digest"), sa.column("statement"), sa.column("size"))
    connection = op.get_bind()
    sizes = [
        {"which": digest, "bytes": sum(size for _, size, _ in json.loads(statement)["files"])}
        for digest, statement in connection.execute(sa.select(receipt.c.digest, receipt.c.statement))
    ]
    if sizes:
        change = sa.update(receipt).where(receipt.c.digest == sa.bindparam("which"))
        connection.execute(change.values(size=sa.bindparam("bytes")), sizes)


def downgrade() -> None:
    """Going back would lose what was recorded, so there is no way back."""
    raise NotImplementedError
