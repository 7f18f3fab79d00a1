"""The rules that were applied last, the keys seen with the account, and recorded plans."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, empty: nothing is known of what was applied before, nor with which key."""
    op.create_table(
        "applied_file",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String(40), sa.ForeignKey("run.run_id"), nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("applied_at", sa.String(20), nullable=False),
    )
    op.create_table(
        "applied_rule",
        sa.Column("file", sa.Integer, sa.ForeignKey("applied_file.number"), primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kept", sa.Integer, nullable=False),
        sa.Column("meaning", sa.Text, nullable=False),
    )
    op.create_table(
        "account_key",
        sa.Column("mark", sa.String(80), primary_key=True),
        sa.Column("run_id", sa.String(40), sa.ForeignKey("run.run_id"), nullable=False),
        sa.Column("bound_at", sa.String(20), nullable=False),
    )
    op.create_table(
        "recorded_plan",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("plan_id", sa.String(80), nullable=False),
        sa.Column("recorded_at", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_index("ix_recorded_plan_plan_id", "recorded_plan", ["plan_id"])


def downgrade() -> None:
    """Going back would lose what was recorded, so there is no way back."""
    raise NotImplementedError
