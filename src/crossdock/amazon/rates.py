"""Amazon's published usage plans for the operations we use. What its header says at run time corrects them.

Source: `Usage Plan` of each operation in the models Orders v2026-01-01, Listings Items 2021-08-01, Feeds 2021-06-30, Reports 2021-06-30 and
Finances 2024-06-19, and what Amazon says of Transfers 2024-06-01.
"""

from __future__ import annotations

from crossdock.rate import Plan

SEARCH_ORDERS = "searchOrders"
GET_ORDER = "getOrder"
GET_LISTINGS_ITEM = "getListingsItem"
PATCH_LISTINGS_ITEM = "patchListingsItem"
SEARCH_LISTINGS_ITEMS = "searchListingsItems"
CREATE_FEED_DOCUMENT = "createFeedDocument"
CREATE_LISTINGS_FEED = "createFeed/JSON_LISTINGS_FEED"
GET_FEED = "getFeed"
GET_FEED_DOCUMENT = "getFeedDocument"
CANCEL_FEED = "cancelFeed"
GET_REPORTS = "getReports"
GET_REPORT_DOCUMENT = "getReportDocument"
LIST_TRANSACTIONS = "listTransactions"
LIST_PAYOUTS = "listPayouts"

PLANS: dict[str, Plan] = {
    # One call in three minutes, shared by all searches: two are kept for the sweep, its next six minutes.
    SEARCH_ORDERS: Plan(per_s=0.0056, burst=20, urgent_share=0.1),
    # What notifications hint at is found by the sweep as well: a quarter is kept for addresses, and for whoever asks for one order.
    GET_ORDER: Plan(per_s=0.5, burst=30),
    # A quarter is kept for reading back what was just set, before anything else may be sent.
    GET_LISTINGS_ITEM: Plan(per_s=5.0, burst=10),
    # Two of five are kept for a set that stops units from being sold twice: it never waits behind one that only sells more.
    PATCH_LISTINGS_ITEM: Plan(per_s=5.0, burst=5, urgent_share=0.4),
    # One of five: sweeps share the rest.
    SEARCH_LISTINGS_ITEMS: Plan(per_s=5.0, burst=5, urgent_share=0.2),
    CREATE_FEED_DOCUMENT: Plan(per_s=0.5, burst=15),
    # This feed type has a plan of its own: 5 in 5 minutes (Amazon's change log, May 2025), not createFeed's 1 in 2 minutes. One is kept.
    CREATE_LISTINGS_FEED: Plan(per_s=5 / 300, burst=5, urgent_share=0.2),
    GET_FEED: Plan(per_s=2.0, burst=15),
    # One in 45 seconds: reports are fetched once their feed is done, and nobody waits for one.
    GET_FEED_DOCUMENT: Plan(per_s=0.0222, burst=10, urgent_share=0.0),
    # Only ever called in a hurry, so all of it is for such calls anyhow.
    CANCEL_FEED: Plan(per_s=2.0, burst=15),
    # One in 45 seconds, and one document a minute: settlements come every few days, and nobody waits for one.
    GET_REPORTS: Plan(per_s=0.0222, burst=10, urgent_share=0.0),
    GET_REPORT_DOCUMENT: Plan(per_s=0.0167, burst=15, urgent_share=0.0),
    # Read once a month, page by page.
    LIST_PAYOUTS: Plan(per_s=0.5, burst=10, urgent_share=0.0),
    LIST_TRANSACTIONS: Plan(per_s=0.5, burst=10, urgent_share=0.0),
}
