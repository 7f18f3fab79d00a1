"""What is known of each copy over time, and of each job what it last showed while it was there."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table; each copy of a receipt was read whole when the receipt was made."""
    op.add_column("job", sa.Column("live_fingerprint", sa.String(80)))
    op.add_column("job", sa.Column("lost_at", sa.String(20)))
    op.create_table(
        "verification",
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String(80), nullable=False),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("checked_at", sa.String(20), nullable=False),
        sa.Column("read_at", sa.String(20)),
        sa.Column("whole_at", sa.String(20)),
        sa.Column("how", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "fingerprint", "store", name="pk_verification"),
    )
    _remember_what_was_last_live()
    _take_receipts_for_verifications()


def _remember_what_was_last_live() -> None:
    # What a job showed before it was listed as cleaned was overwritten, and cannot be told any more.  A failed one
    # without a type showed no result.
    op.execute(
        "UPDATE job SET live_fingerprint = fingerprint "
        "WHERE status <> 'cleaned' AND NOT (status = 'failed' AND type = 'unknown')"
    )


def _take_receipts_for_verifications() -> None:
    receipt = sa.table(
        "receipt",
        *(sa.column(name) for name in ("digest", "job_id", "fingerprint", "verified_at", "statement")),
    )
    written = sa.table(
        "verification",
        *(sa.column(name) for name in ("job_id", "fingerprint", "store", "checked_at", "read_at", "whole_at")),
        *(sa.column(name) for name in ("how", "state", "problem")),
    )
    connection = op.get_bind()
    found = connection.execute(
        sa.select(receipt.c.job_id, receipt.c.fingerprint, receipt.c.verified_at, receipt.c.statement).order_by(
            receipt.c.verified_at, receipt.c.digest
        )
    )
    newest = {
        (job_id, fingerprint, store): verified_at
        for job_id, fingerprint, verified_at, statement in found
        for store in json.loads(statement)["stores"]
    }
    rows = [
        {
            "job_id": job_id,
            "fingerprint": fingerprint,
            "store": store,
            **dict.fromkeys(("checked_at", "read_at", "whole_at"), verified_at),
            "how": "whole",
            "state": "whole",
            "problem": "",
        }
        for (job_id, fingerprint, store), verified_at in newest.items()
    ]
    if rows:
        connection.execute(sa.insert(written), rows)


def downgrade() -> None:
    """Going back would lose what was recorded, so there is no way back."""
    raise NotImplementedError
