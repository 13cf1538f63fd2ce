"""Paging as getFeeds and getReports have it: by filters, or by a token alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from crossdock.twin.amazon_account import PageToken, SellerAccount
from crossdock.twin.amazon_operations import Answer
from crossdock.twin.amazon_search import InvalidInput, Query, first_value, whole_number

STATUSES = frozenset({"CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE"})
PAGE_MAX = 100
PAGE_DEFAULT = 10
TOKEN_LIFE = timedelta(hours=24)


def answer_page(
    account: SellerAccount,
    query: Query,
    *,
    operation: str,
    field: str,
    find: Callable[[], list[str]],
    show: Callable[[str], dict[str, Any]],
) -> Answer:
    """Answer one page, under the name `field`: those whose ids `find` gives, each as `show` shows it."""
    now = account.world.clock.now()
    token = first_value(query, "nextToken")
    if token is None:
        size = whole_number(query, "pageSize", default=PAGE_DEFAULT, most=PAGE_MAX)
        page = PageToken((operation, size), find(), 0, "", now + TOKEN_LIFE)
    else:
        page = _known_page(account, query, operation, token)
        size = int(str(page.search[1]))
    end = page.offset + size
    shown = {field: [show(each) for each in page.ids[page.offset : end]]}
    if end >= len(page.ids):
        return Answer(200, shown)
    rest = PageToken(page.search, page.ids, end, "", now + TOKEN_LIFE)
    return Answer(200, shown | {"nextToken": account.new_page_token(rest)})


def _known_page(account: SellerAccount, query: Query, operation: str, token: str) -> PageToken:
    """Find where a search goes on: the token must be the only parameter."""
    page = account.page_tokens.get(token)
    if set(query) != {"nextToken"}:
        raise InvalidInput("nextToken must be the only parameter.")
    if page is None or page.search[0] != operation or page.expires_at <= account.world.clock.now():
        raise InvalidInput("nextToken is invalid or has expired.")
    return page
