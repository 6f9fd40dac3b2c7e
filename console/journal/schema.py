"""Tables of the journal database (SQLite by default, PostgreSQL by URL): see docs/architecture.md.

`events` and `responses` are append-only. `claims`, `counters` and `commands` are indexes that make a decision
safe inside its transaction; `guichet verify` rebuilds claims and counters from the events and compares.
`jobs`, `users`, `sessions` and `login_attempts` are working state, not facts.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# occurred_at and every other time: ISO 8601 UTC with microseconds and no offset, so that text order is time
# order on both databases ("2026-11-21T19:17:59.000000").
events = Table(
    "events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("event_id", String(32), nullable=False, unique=True),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("occurred_at", String(26), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("stream", "version"),
)

commands = Table(
    "commands",
    metadata,
    Column("key", Text, primary_key=True),
    Column("action", Text, nullable=False),
    Column("input_hash", String(64), nullable=False),
    Column("result", Text, nullable=False),
    Column("at", String(26), nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("resource", Text, primary_key=True),
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    sqlite_with_rowid=False,
)

counters = Table(
    "counters",
    metadata,
    Column("series", Text, primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

# status: queued | running | done | failed (given up: a row for the error queue) | cancelled
jobs = Table(
    "jobs",
    metadata,
    Column("job_id", String(32), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("status", String(12), nullable=False),
    Column("not_before", String(26), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("lease_until", String(26)),
    Column("worker", Text),
    Column("progress", Float),
    Column("message", Text),
    Column("actor", Text, nullable=False),
    Column("created_at", String(26), nullable=False),
    Column("done_at", String(26)),
    Index("jobs_due", "status", "not_before"),
)

# One row per exchange with the outside. `items` is a JSON array, one object per subject of the exchange, in
# the fields of docs/architecture.md ("Responses"); `request` and `response` are raw bodies, without secrets.
responses = Table(
    "responses",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("job_id", String(32)),
    Column("at", String(26), nullable=False),
    Column("gateway", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("outcome", String(12), nullable=False),  # ok | error | unknown
    Column("http_status", Integer),
    Column("request", Text),
    Column("response", Text),
    Column("items", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("username", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(12), nullable=False),  # analyste | comptable | admin | client | lecture
    Column("password_hash", Text, nullable=False),
    Column("client_id", Text),
    Column("active", Integer, nullable=False, default=1),
    Column("created_at", String(26), nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("username", Text, nullable=False),
    Column("created_at", String(26), nullable=False),
    Column("expires_at", String(26), nullable=False),
    Column("revoked_at", String(26)),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("username", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("at", String(26), nullable=False),
    Column("success", Integer, nullable=False),
    Index("login_attempts_recent", "username", "at"),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("username", Text, primary_key=True),
    Column("screen", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("query", Text, nullable=False),
)
