"""Settlements: files as received, rows, journal entries, certificates; who invoices an order; and what a bank statement says."""

from __future__ import annotations

from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
create table settlement_files (
    connection_id text not null,
    sha256 text not null,
    name text not null,
    size bigint not null,
    source text not null check (source in ('amazon', 'hand')),
    received_at timestamptz not null,
    primary key (connection_id, sha256)
);

create table settlement_reports (
    connection_id text not null,
    report_id text not null,
    sha256 text not null,
    taken_in_at timestamptz not null,
    primary key (connection_id, report_id)
);

create table settlement_file_parts (
    connection_id text not null,
    sha256 text not null,
    part integer not null,
    packed bytea not null,
    primary key (connection_id, sha256, part)
);
alter table settlement_file_parts alter packed set storage external;

create table settlements (
    connection_id text not null,
    settlement_key integer generated always as identity,
    settlement_id text not null,
    sha256 text not null,
    state text not null check (state in ('booked', 'held')),
    currency text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    deposit_at timestamptz,
    total bigint not null,
    row_count integer not null,
    difference bigint not null default 0,
    facts jsonb not null,
    chain text not null default '',
    predecessor_id text not null default '',
    changed_at timestamptz not null,
    primary key (connection_id, settlement_key),
    unique (connection_id, settlement_id)
);
create index settlements_by_end on settlements (connection_id, ends_at desc, settlement_id desc);

create table accepted_differences (
    connection_id text not null,
    settlement_id text not null,
    sha256 text not null,
    amount bigint not null,
    reason text not null,
    accepted_at timestamptz not null,
    primary key (connection_id, settlement_id, sha256)
);

create table settlement_groups (
    connection_id text not null,
    settlement_key integer not null,
    group_no integer not null,
    transaction_type text not null,
    amount_type text not null,
    description text not null,
    marketplace text not null,
    fulfilled_by text not null,
    owner text not null,
    month date not null,
    treatment text not null,
    order_mode boolean not null,
    sign smallint not null,
    amount bigint not null,
    rows integer not null,
    first_row integer not null,
    account text not null,
    entry_number integer not null,
    posting_number integer not null,
    primary key (connection_id, settlement_key, group_no)
);

create table settlement_rows (
    connection_id text not null,
    settlement_key integer not null,
    row_no integer not null,
    group_no integer not null,
    order_no bigint,
    amount bigint not null,
    posted_at timestamptz not null,
    sku_no integer not null,
    quantity integer not null
);
create index settlement_rows_of_order on settlement_rows (order_no, connection_id) where order_no is not null;
create index settlement_rows_place on settlement_rows using brin (settlement_key, row_no);

create table settlement_texts (
    connection_id text not null,
    settlement_key integer not null,
    kind text not null check (kind in ('sku', 'id')),
    number integer not null,
    text text not null,
    primary key (connection_id, settlement_key, kind, number)
);

create table settlement_units (
    connection_id text not null,
    settlement_key integer not null,
    sku text not null,
    month date not null,
    sold integer not null,
    refunded integer not null,
    primary key (connection_id, settlement_key, month, sku)
);
create index settlement_units_of_month on settlement_units (connection_id, month);

create table entries (
    connection_id text not null,
    entry_id text not null,
    settlement_id text not null default '',
    number integer not null,
    kind text not null,
    on_day date not null,
    month date not null,
    currency text not null,
    booked_at timestamptz not null,
    primary key (connection_id, entry_id)
);
create index entries_by_day on entries (connection_id, on_day, entry_id);
create index entries_of_settlement on entries (connection_id, settlement_id, number);

create table postings (
    connection_id text not null,
    entry_id text not null,
    number integer not null,
    account text not null,
    marketplace text not null,
    treatment text not null,
    debit bigint not null,
    rows integer not null,
    primary key (connection_id, entry_id, number),
    foreign key (connection_id, entry_id) references entries
);
create index postings_by_account on postings (connection_id, account);

create table certificates (
    connection_id text not null,
    sequence integer not null,
    settlement_id text not null,
    sha256 text not null,
    document bytea not null,
    made_at timestamptz not null,
    primary key (connection_id, sequence),
    unique (connection_id, settlement_id)
);

create table exported_entries (
    connection_id text not null,
    entry_id text not null,
    target text not null,
    exported_at timestamptz not null,
    primary key (connection_id, target, entry_id)
);

create table invoiced_elsewhere (
    connection_id text not null,
    order_no bigint not null,
    decided_at timestamptz not null,
    primary key (connection_id, order_no)
);

create table bank_lines (
    connection_id text not null,
    line_id text not null,
    told_by text not null check (told_by in ('bank', 'amazon')),
    on_day date not null,
    amount bigint not null,
    currency text not null,
    ids text[] not null default '{}',
    bank_reference text not null default '',
    is_reversal boolean not null default false,
    settlement_ids text[] not null default '{}',
    payout_status text not null default '',
    told_at timestamptz not null,
    primary key (connection_id, line_id)
);
create index bank_lines_of_settlement on bank_lines using gin (settlement_ids);
"""
# What is only ever added to: a correction is a row of its own.
KEPT = [
    "settlement_files",
    "settlement_reports",
    "settlement_file_parts",
    "accepted_differences",
    "settlement_groups",
    "settlement_rows",
    "settlement_texts",
    "settlement_units",
    "entries",
    "postings",
    "certificates",
    "exported_entries",
    "invoiced_elsewhere",
]
CHANGING = ["settlements", "bank_lines"]


def upgrade() -> None:
    """Create the tables, bind each to its connection, and let the application's role use them."""
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    op.execute(TABLES)
    for name in (*KEPT, *CHANGING):
        op.execute(f"alter table {name} enable row level security")
        op.execute(f"alter table {name} force row level security")
        op.execute(
            f"create policy of_connection on {name} using (connection_id = any(string_to_array("
            "(select current_setting('crossdock.connections', true)), ',')))"
        )
        op.execute(f"grant select, insert on {name} to {role}")
    for name in CHANGING:
        op.execute(f"grant update, delete on {name} to {role}")
