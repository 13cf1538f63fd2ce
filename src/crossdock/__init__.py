"""Crossdock joins Amazon Seller Central and commercetools: the map of the house.

Read in this order: `flows/__init__.py` (what it does), `flows/ingest_orders.py` (how), `domain/order_import.py` (what is decided), and its test.

The rooms are named by the trade, the doors by the platform:

    domain/          what the trade knows: values and decisions, pure
    flows/           what Crossdock does, one file each; for one record: read, decide, write, record
    engine/          when flows run: wake-ups, the drain, retries, the schedule
    amazon/          the door to Seller Central, the Selling Partner API
    commercetools/   the door to the merchant's own shop
    store/           what is remembered: PostgreSQL, ours or yours
    web/             the desk: the pages where people see what happened and why
    twin/            both platforms, simulated from their specifications

Between the rooms:

    cli.py           the commands; `cli_records.py` has those of orders and cases, `console.py` how all of them speak
    __main__.py      `python -m crossdock`
    start_up.py      from the environment to a running Crossdock: the top of the composition root, and the real clock
    app.py           all connections of one process; `joined.py` wires one, `doors.py` hangs its doors
    desk_server.py   the desk on a port
    demo.py          `crossdock demo`
    checkup.py       `crossdock check`
    rehearsal.py     what `--dry-run` shows
    backfill.py      orders of a stretch of time
    ports.py         what flows need from outside, as Protocols
    policy.py        crossdock.toml; `policy_file.py` reads it and tells every problem with its line
    settings.py      the environment: addresses and secrets
    rate.py          the published plan of an operation, and the limiter that keeps to it
    events.py        every log event
    errors.py        whose fault it is: ours, theirs, or the data's

Who may import whom: cli -> demo, desk_server -> start_up -> app -> backfill, checkup -> console -> rehearsal
-> joined -> doors -> web, amazon, commercetools, store, twin
-> flows, engine -> ports -> policy, settings -> policy_file -> domain -> errors, events, rate. Down only, siblings never; import contracts hold it.

This package exports nothing: Crossdock is a program, not a library.
"""
