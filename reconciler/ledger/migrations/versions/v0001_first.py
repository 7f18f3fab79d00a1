"""The first ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "account",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("lineage", sa.String(36), nullable=False),
        sa.Column("bound_at", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_account"),
    )
    op.create_table(
        "run",
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("operation", sa.String(40), nullable=False),
        sa.Column("plan_id", sa.String(80), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("tool", sa.String(100), nullable=False),
        sa.Column("started_at", sa.String(20), nullable=False),
        sa.Column("ended_at", sa.String(20)),
        sa.Column("outcome", sa.String(60)),
        sa.PrimaryKeyConstraint("run_id", name="pk_run"),
    )
    op.create_table(
        "observation",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("observed_at", sa.String(20), nullable=False),
        sa.Column("jobs", sa.Integer, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("end_marker", sa.String(10), nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("unnamed", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_observation"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_observation_run_id"),
    )
    op.create_table(
        "job",
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("first_seen", sa.String(20), nullable=False),
        sa.Column("first_observation", sa.Integer, nullable=False),
        sa.Column("missing_until", sa.String(20)),
        sa.Column("last_seen", sa.String(20), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("status", sa.String(30), nullable=False),
        sa.Column("fingerprint", sa.String(80), nullable=False),
        sa.Column("left_at", sa.String(20)),
        sa.Column("left_how", sa.String(20)),
        sa.PrimaryKeyConstraint("job_id", name="pk_job"),
        sa.UniqueConstraint("sequence", name="uq_job_sequence"),
    )
    op.create_table(
        "entry",
        sa.Column("sequence", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("phase", sa.String(20), nullable=False),
        sa.Column("fingerprint", sa.String(80), nullable=False),
        sa.Column("at", sa.String(20), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_entry"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_entry_run_id"),
    )
    op.create_index("ix_entry_job_id", "entry", ["job_id"])
    op.create_table(
        "receipt",
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String(80), nullable=False),
        sa.Column("bag", sa.Text, nullable=False),
        sa.Column("verified_at", sa.String(20), nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_receipt"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_receipt_run_id"),
    )
    op.create_index("ix_receipt_job_id", "receipt", ["job_id"])
    op.create_table(
        "plan_use",
        sa.Column("plan_id", sa.String(80), nullable=False),
        sa.Column("opened_by", sa.String(40), nullable=False),
        sa.Column("opened_at", sa.String(20), nullable=False),
        sa.Column("spent_at", sa.String(20)),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plan_use"),
        sa.ForeignKeyConstraint(["opened_by"], ["run.run_id"], name="fk_plan_use_opened_by"),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", sa.String(20), nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("previous", sa.String(80), nullable=False),
        sa.Column("hash", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
    )
    op.create_table(
        "lease",
        sa.Column("slot", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("lease_id", sa.String(40), nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("operation", sa.String(40), nullable=False),
        sa.Column("acquired_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_lease"),
    )


def downgrade() -> None:
    """Going back would lose what was recorded, so there is no way back."""
    raise NotImplementedError
