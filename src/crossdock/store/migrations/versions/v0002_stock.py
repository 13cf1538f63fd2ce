"""Stock: what was sent to Amazon of each SKU and seen there, by which feed, and the lines of orders whose units it must know of."""

from __future__ import annotations

from alembic import context, op

revision = "0002"
down_revision = "0001"

TABLES = """
create table stock (
    connection_id text not null,
    seller_sku text not null,
    record jsonb not null,
    listed integer,
    exposure integer not null default 0,
    zeroed_at timestamptz,
    view jsonb not null default '{}',
    changed_at timestamptz not null,
    primary key (connection_id, seller_sku)
);
create index stock_exposed on stock (connection_id, exposure desc, seller_sku) include (listed);
create index stock_listed on stock (connection_id) where listed > 0;
create index stock_zeroed on stock (connection_id, zeroed_at) where zeroed_at is not null;

create table sold_lines (
    connection_id text not null,
    order_id text not null,
    item_id text not null,
    seller_sku text not null,
    ordered integer not null,
    units integer not null,
    counted integer not null default 0,
    made_at timestamptz not null,
    told_at timestamptz not null,
    final boolean not null,
    settled boolean not null default false,
    primary key (connection_id, order_id, item_id)
);
create index sold_lines_open on sold_lines (connection_id, seller_sku) where not settled;

create table feeds (
    connection_id text not null,
    feed_key bigint generated always as identity,
    feed_id text not null default '',
    stage text not null,
    outcome text not null default '',
    size integer not null,
    made_at timestamptz not null,
    submitted_at timestamptz,
    late_at timestamptz,
    ended_at timestamptz,
    primary key (connection_id, feed_key)
);
create unique index feeds_gathering on feeds (connection_id) where stage = 'gathering';
create index feeds_under_way on feeds (connection_id, feed_key) where stage <> 'over';

create table feed_sets (
    connection_id text not null,
    feed_key bigint not null,
    seller_sku text not null,
    quantity integer not null,
    expected_at_s double precision not null,
    ended text,
    code text not null default '',
    told_at timestamptz,
    primary key (connection_id, feed_key, seller_sku)
);
create index feed_sets_of_sku on feed_sets (connection_id, seller_sku, feed_key desc);
"""
NAMES = ["stock", "sold_lines", "feeds", "feed_sets"]


def upgrade() -> None:
    """Create the tables, bind each to its connection, and let the application's role use them."""
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    op.execute(TABLES)
    for name in NAMES:
        op.execute(f"alter table {name} enable row level security")
        op.execute(f"alter table {name} force row level security")
        op.execute(
            f"create policy of_connection on {name} using (connection_id = any(string_to_array("
            "(select current_setting('crossdock.connections', true)), ',')))"
        )
        op.execute(f"grant select, insert, update, delete on {name} to {role}")
