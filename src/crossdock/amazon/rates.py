"""Amazon's published usage plans for the operations we use. What its header says at run time corrects them.

Source: Orders API v2026-01-01 model, `Usage Plan` of each operation.
"""

from __future__ import annotations

from crossdock.rate import Plan

SEARCH_ORDERS = "searchOrders"
GET_ORDER = "getOrder"

PLANS: dict[str, Plan] = {
    # One call in three minutes: the sweep and the pages of addresses share it, so little is kept aside.
    SEARCH_ORDERS: Plan(per_s=0.0056, burst=20, urgent_share=0.1),
    GET_ORDER: Plan(per_s=0.5, burst=30),
}
