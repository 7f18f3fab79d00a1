"""The ledger's tables, the same on every database.

Times are UTC text to the second (`2026-09-20T09:00:00Z`), which sorts, and which a person reading the database can
read.  The lease alone is finer: milliseconds since 1970.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

account = Table(
    "account",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("lineage", String(36), nullable=False),  # names this ledger for ever, whatever file it is moved to
    Column("bound_at", String(20), nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("operation", String(40), nullable=False),
    Column("plan_id", String(80), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("tool", String(100), nullable=False),
    Column("started_at", String(20), nullable=False),
    Column("ended_at", String(20)),
    Column("outcome", String(60)),
)

observation = Table(
    "observation",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String(40), ForeignKey("run.run_id"), nullable=False),
    Column("observed_at", String(20), nullable=False),
    Column("jobs", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("end_marker", String(10), nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("unnamed", Integer, nullable=False),
    Column("digest", String(80), nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("sequence", Integer, nullable=False, unique=True),  # order of first listing, oldest lowest; never changed
    Column("first_seen", String(20), nullable=False),
    Column("first_observation", Integer, nullable=False),
    Column("missing_until", String(20)),  # the last complete observation without it; empty for those of the first
    Column("last_seen", String(20), nullable=False),
    Column("type", String(20), nullable=False),
    Column("status", String(30), nullable=False),
    Column("fingerprint", String(80), nullable=False),
    Column("left_at", String(20)),
    Column("left_how", String(20)),
    Column("name", Text),  # as once seen; empty where no body showed one
    Column("project", Text),
    Column("size", BigInteger),  # bytes, where it was measured and not archived
    Column("released_since", String(20)),  # since when nothing but waiting holds it; empty where anything else does
    Column("kept_until", String(20)),  # when the last of the rules ends that kept it; else empty
    Column("live_fingerprint", String(80)),  # of what it last showed before it left; empty where it had nothing to lose
    Column("lost_at", String(20)),  # when an observation first found that it left unarchived; else empty
)

entry = Table(
    "entry",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String(40), ForeignKey("run.run_id"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("phase", String(20), nullable=False),
    Column("fingerprint", String(80), nullable=False),
    Column("at", String(20), nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_entry_job_id", "job_id"),
)

receipt = Table(
    "receipt",
    metadata,
    Column("digest", String(80), primary_key=True),
    Column("run_id", String(40), ForeignKey("run.run_id"), nullable=False),
    Column("job_id", Text, nullable=False),
    Column("fingerprint", String(80), nullable=False),
    Column("bag", Text, nullable=False),
    Column("verified_at", String(20), nullable=False),
    Column("statement", Text, nullable=False),
    Column("size", BigInteger),  # bytes of all its files, as the statement says
    Index("ix_receipt_job_id", "job_id"),
)

verification = Table(
    "verification",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("fingerprint", String(80), primary_key=True),
    Column("store", Text, primary_key=True),
    Column("checked_at", String(20), nullable=False),  # the newest look of any kind
    Column("read_at", String(20)),  # when every byte was last read, or should have been
    Column("whole_at", String(20)),  # when such a reading last found the bag whole
    Column("how", String(10), nullable=False),  # whole | fast
    Column("state", String(10), nullable=False),  # whole | damaged | missing
    Column("problem", Text, nullable=False),
)

plan_use = Table(
    "plan_use",
    metadata,
    Column("plan_id", String(80), primary_key=True),
    Column("opened_by", String(40), ForeignKey("run.run_id"), nullable=False),
    Column("opened_at", String(20), nullable=False),
    Column("spent_at", String(20)),
)

hold = Table(
    "hold",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("job_id", Text, nullable=False),
    Column("rule", Text, nullable=False),  # at most one row of a job and a rule has not ended
    Column("owner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("set_at", String(20), nullable=False),
    Column("until", String(20)),
    Column("unkept_since", String(20)),
    Column("ended_at", String(20)),  # an ended hold stays on record; a rule that keeps the job again sets a new one
    Column("ended_how", String(20)),  # lifted | until
    Index("ix_hold_job_id", "job_id"),
)

imported_time = Table(
    "imported_time",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("job_id", Text, nullable=False),  # also of jobs that were never listed
    Column("made_at", String(20), nullable=False),
    Column("imported_at", String(20), nullable=False),
    Column("source", Text, nullable=False),  # the file's name
    Column("digest", String(80), nullable=False),  # of its bytes
    Column("replaced_at", String(20)),  # a time that was moved stays on record
    Index("ix_imported_time_job_id", "job_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", String(20), nullable=False),
    Column("run_id", String(40), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("event", String(20), nullable=False),
    Column("job_id", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("previous", String(80), nullable=False),
    Column("hash", String(80), nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),  # always 1: there is one lease
    Column("epoch", Integer, nullable=False),  # grows with each holder; a write with an older one is refused
    Column("lease_id", String(40), nullable=False),
    Column("run_id", String(40), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("operation", String(40), nullable=False),
    Column("acquired_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),  # 0: free
)

applied_file = Table(
    "applied_file",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String(40), ForeignKey("run.run_id"), nullable=False),
    Column("digest", String(80), nullable=False),
    Column("applied_at", String(20), nullable=False),
)

applied_rule = Table(
    "applied_rule",
    metadata,
    Column("file", Integer, ForeignKey("applied_file.number"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("kept", Integer, nullable=False),  # jobs that it kept then
    Column("meaning", Text, nullable=False),  # what it says, so that it can be asked again (core.applied)
)

account_key = Table(
    "account_key",
    metadata,
    Column("mark", String(80), primary_key=True),  # of a key or client pair, salted with the lineage; never the key
    Column("run_id", String(40), ForeignKey("run.run_id"), nullable=False),
    Column("bound_at", String(20), nullable=False),
)

recorded_plan = Table(
    "recorded_plan",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("plan_id", String(80), nullable=False),  # the same decision may be recorded again: the newest counts
    Column("recorded_at", String(20), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("content", Text, nullable=False),
    Index("ix_recorded_plan_plan_id", "plan_id"),
)
