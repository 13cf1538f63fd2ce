"""The inbox and what surrounds it: links, history, cases, cursors, rates, sealed personal data, and the engine's wake-ups."""

from __future__ import annotations

from alembic import context, op
from procrastinate.schema import SchemaManager
from sqlalchemy import text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
create table inbox (
    connection_id text not null,
    flow text not null,
    record_id text not null,
    snapshot jsonb not null,
    snapshot_at timestamptz not null,
    created_at timestamptz not null,
    fulfilled_by text not null default '',
    status text not null default '',
    version bigint not null default 1,
    state text not null check (state in ('waiting', 'in_sync', 'out_of_scope', 'case')),
    reason text not null default '',
    due_at timestamptz,
    attempts integer not null default 0,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (connection_id, flow, record_id),
    check (state <> 'waiting' or due_at is not null)
);
create index inbox_due on inbox (connection_id, flow, due_at) where due_at is not null;
create index inbox_created on inbox (connection_id, flow, created_at desc, record_id desc) include (fulfilled_by, state);
create index inbox_state on inbox (connection_id, flow, state, created_at desc, record_id desc);
create index inbox_fulfilled_by on inbox (connection_id, flow, fulfilled_by, state, created_at desc, record_id desc);

create table links (
    connection_id text not null,
    record_id text not null,
    commercetools_id text not null,
    order_number text not null,
    version bigint not null,
    linked_at timestamptz not null,
    primary key (connection_id, record_id),
    unique (connection_id, order_number)
);
create index links_commercetools on links (connection_id, commercetools_id);

create table history (
    history_id bigint generated always as identity primary key,
    connection_id text not null,
    flow text not null,
    record_id text not null,
    at timestamptz not null,
    code text not null,
    facts jsonb not null default '{}'
);
create index history_record on history (connection_id, flow, record_id, history_id);

create table cases (
    case_id bigint generated always as identity primary key,
    connection_id text not null,
    flow text not null,
    record_id text not null,
    kind text not null,
    owner text not null,
    facts jsonb not null default '{}',
    deadline timestamptz,
    at_stake_minor_units bigint,
    at_stake_currency text,
    opened_at timestamptz not null,
    updated_at timestamptz not null,
    closed_at timestamptz,
    closed_because text
);
create unique index cases_open on cases (connection_id, flow, record_id, kind) where closed_at is null;
create index cases_record on cases (connection_id, flow, record_id, case_id);
create index cases_at_stake on cases (connection_id, owner, at_stake_currency, flow, record_id, at_stake_minor_units desc)
    include (kind, deadline) where closed_at is null;
create index cases_by_deadline on cases (connection_id, (coalesce(deadline, 'infinity')), case_id) where closed_at is null;
create index cases_by_owner on cases (connection_id, owner, (coalesce(deadline, 'infinity')), case_id) where closed_at is null;
create index cases_by_kind on cases (connection_id, kind, (coalesce(deadline, 'infinity')), case_id) where closed_at is null;

create table cursors (
    connection_id text not null,
    name text not null,
    value jsonb not null,
    updated_at timestamptz not null,
    primary key (connection_id, name)
);

create table rates (
    connection_id text not null,
    operation text not null,
    tokens double precision not null,
    per_s double precision not null,
    burst double precision not null,
    updated_at timestamptz not null,
    primary key (connection_id, operation)
);

create table personal_data_keys (
    connection_id text not null,
    erase_on date not null,
    sealed_key bytea not null,
    primary key (connection_id, erase_on)
);

create table personal_data (
    connection_id text not null,
    record_id text not null,
    erase_on date not null,
    sealed bytea not null,
    hold_reason text,
    primary key (connection_id, record_id),
    foreign key (connection_id, erase_on) references personal_data_keys
);
create index personal_data_day on personal_data (connection_id, erase_on);

create table erasures (
    connection_id text not null,
    erase_on date not null,
    erased_at timestamptz not null,
    records integer not null,
    certificate text not null,
    primary key (connection_id, erase_on, erased_at)
);

create table closed_days (
    connection_id text not null,
    day date not null,
    checked_at timestamptz not null,
    on_amazon integer not null,
    in_inbox integer not null,
    in_commercetools integer not null,
    out_of_scope integer not null,
    waiting integer not null,
    missing integer not null,
    primary key (connection_id, day)
);
"""

NAMES = [
    "inbox",
    "links",
    "history",
    "cases",
    "cursors",
    "rates",
    "personal_data_keys",
    "personal_data",
    "erasures",
    "closed_days",
]


def upgrade() -> None:
    """Create the tables, bind each to its connection, and let the application's role use them."""
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    op.execute(TABLES)
    op.execute(f"grant usage on schema crossdock to {role}")
    op.execute(f"grant select on alembic_version to {role}")
    for name in NAMES:
        op.execute(f"alter table {name} enable row level security")
        op.execute(f"alter table {name} force row level security")
        # The setting is read once a statement; unset means none. Compared as text, so that no name is parsed.
        op.execute(
            f"create policy of_connection on {name} using (connection_id = any(string_to_array("
            "(select current_setting('crossdock.connections', true)), ',')))"
        )
        op.execute(f"grant select, insert, update, delete on {name} to {role}")
    # History and the certificates of erasure are only ever added to; what goes with a connection goes with the owner's hands.
    op.execute(f"revoke update, delete on history, erasures from {role}")
    _engine(role)


def _engine(role: str) -> None:
    """Procrastinate's own tables, in a schema of their own. They hold wake-ups only: which flow of which connection."""
    bind = op.get_bind()
    op.execute("create schema procrastinate")
    op.execute("set local search_path to procrastinate")
    bind.connection.cursor().execute(SchemaManager.get_schema())
    op.execute(f"grant usage on schema procrastinate to {role}")
    op.execute(f"grant select, insert, update, delete on all tables in schema procrastinate to {role}")
    op.execute(f"grant usage on all sequences in schema procrastinate to {role}")
    bind.execute(text("set local search_path to crossdock"))
