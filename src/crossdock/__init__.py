"""Crossdock joins Amazon Seller Central and commercetools: the map of the house.

Read in this order: `flows/__init__.py` (what it does), `flows/ingest_orders.py` (how), `domain/order_import.py` (what is decided), and its test.

The rooms are named by the trade, the doors by the platform:

    domain/          what the trade knows: values and decisions, pure
    flows/           what Crossdock does, one file each; for one record: read, decide, write, record
    engine/          when flows run: wake-ups, the drain, retries, the schedule
    amazon/          the door to Seller Central, the Selling Partner API
    commercetools/   the door to the merchant's own shop
    store/           what is remembered: PostgreSQL, ours or yours
    statements/      bank statements, CAMT.053 and CSV, as banks write them
    exports/         journals for the ledgers people have, each checked again before it is offered
    web/             the desk: the pages where people see what happened and why
    simulation/      a peak, or a merchant's own history, played under chosen rules of stock
    twin/            both platforms, simulated from their specifications

Between the rooms:

    cli.py           the commands; `cli_records.py` has those of orders, `cli_cases.py` those of cases,
                     `cli_settlements.py` and `cli_money.py` those of settlements, `cli_bank.py` those of the bank
                     (`cli_books.py` says which books), `cli_stock.py` and `cli_plan.py` those of stock,
                     `cli_simulate.py` what stock would do,
                     `cli_twin.py` the twin's, `console.py` how all of them speak
    __main__.py      `python -m crossdock`
    start_up.py      from the environment to a running Crossdock: the top of the composition root, and the real clock
    app.py           all connections of one process; `joined.py` wires one, `doors.py` hangs its doors
    joins.py         what a connection has where its policy says so: stock, books, and payments
    joined_finance.py  the books of one connection; `joined_exports.py` its entries on their way to the merchant's ledger,
                     `joined_bank.py` the bank's side of them, `joined_payments.py` what buyers paid, on its way to their orders
    joined_stock.py  the stock of one connection; `joined_feeds.py` its feeds, `joined_comparison.py` its comparison
                     with Amazon, `joined_plan.py` its plans, `joined_delays.py` its delays,
                     `joined_zeroes.py` how much may go off sale at once, and `joined_checks.py` the checks over its orders
    queues.py        a queue of Amazon SQS, where both platforms put what changed
    routines.py      one run of one routine of a connection
    desk_server.py   the desk on a port
    demo.py          `crossdock demo`; `demo_shop.py` is the shop in it
    checkup.py       `crossdock check`
    rehearsal.py     what `--dry-run` shows
    backfill.py      orders of a stretch of time
    ports.py         what flows need from outside, as Protocols; `ports_feeds.py` has those of feeds, `ports_finance.py` those of money,
                     `ports_desk.py` what the pages read
    policy.py        crossdock.toml; `policy_orders.py`, `policy_stock.py` and `policy_finance.py` read its large tables,
                     `policy_export.py` and `policy_queue.py` small ones
    policy_file.py   reads the file, and tells every problem with its line
    settings.py      the environment: addresses and secrets
    rate.py          the published plan of an operation, and the limiter that keeps to it
    events.py        every log event
    quiet.py         whether a pooled database connection is worth a question before it is used
    stopping.py      how a process is asked to end
    errors.py        whose fault it is: ours, theirs, or the data's

Who may import whom: cli -> demo, desk_server -> demo_shop -> start_up -> app -> routines -> backfill, checkup -> console -> rehearsal
-> joined -> doors -> web, amazon, commercetools, queues, store, twin
-> flows, engine -> ports -> policy, settings -> policy_orders, policy_queue, policy_stock -> policy_file -> exports, statements -> domain
-> errors, events, quiet, rate, stopping. Down only, siblings never; import contracts hold it.

This package exports nothing: Crossdock is a program, not a library.
"""
