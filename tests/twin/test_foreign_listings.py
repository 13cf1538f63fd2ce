"""Somebody else's client on the listings and feeds of the served twin: it reads every answer in its own typed models."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import msgspec
import pytest

from crossdock.twin.both import Twin
from crossdock.twin.serve import start
from tests.twin.test_foreign_client import Abroad

DE = "A1PA6795UKMFR9"
JSON_TYPE = "application/json; charset=UTF-8"
AVAILABILITY = [{"fulfillment_channel_code": "DEFAULT", "quantity": 4}]
PATCH = {"op": "replace", "path": "/attributes/fulfillment_availability", "value": AVAILABILITY}


@pytest.fixture
def abroad() -> Iterator[Abroad]:
    """A twin with a lived-in account, and their client signed in to it."""
    twin = Twin()
    with start(twin) as running:
        there = Abroad(twin, running.url)
        there.account.set_rate("searchListingsItems", 1000.0, 1000)
        yield there
        there.client.close()


def test_their_client_patches_reads_and_pages_through_listings(abroad: Abroad) -> None:
    """A SKU with a slash is patched and read, and a search finds every listing once."""
    skus = ["A/B 1%", *(f"S-{number:02d}" for number in range(44))]
    abroad.merchant.list_goods(skus, quantity=10)
    listings, seller_id = abroad.client.listings_items, abroad.account.seller_id
    patched = listings.patch_listings_item(
        seller_id, "A/B 1%", {"productType": "PRODUCT", "patches": [PATCH]}, marketplace_ids=[DE]
    )
    abroad.twin.world.clock.advance(timedelta(minutes=1))
    read = listings.get_listings_item(
        seller_id, "A/B 1%", marketplace_ids=[DE], included_data=["fulfillmentAvailability", "summaries"]
    )
    found = [one.sku for one in listings.iter_search_listings_items(seller_id, marketplace_ids=[DE], page_size=20)]
    assert (patched.status, patched.issues) == ("ACCEPTED", [])
    assert (read.fulfillment_availability[0].quantity, read.summaries[0].status[0]) == (4, "BUYABLE")
    assert sorted(found) == sorted(skus)


def test_their_client_feeds_and_reads_the_report(abroad: Abroad) -> None:
    """Document, upload, feed, list, report: in the order of Amazon's guide."""
    abroad.merchant.list_goods(["MUG-1"], quantity=10)
    feeds = abroad.client.feeds
    message = {"messageId": 1, "sku": "MUG-1", "operationType": "PATCH", "productType": "PRODUCT", "patches": [PATCH]}
    feed = {"header": {"sellerId": abroad.account.seller_id, "version": "2.0"}, "messages": [message]}
    made = feeds.create_document({"contentType": JSON_TYPE})
    httpx2.put(made.url, content=msgspec.json.encode(feed), headers={"content-type": JSON_TYPE}).raise_for_status()
    asked = {"feedType": "JSON_LISTINGS_FEED", "marketplaceIds": [DE], "inputFeedDocumentId": made.feed_document_id}
    created, cancelled = feeds.create_feed(asked), feeds.create_feed(asked)
    feeds.delete_feed(cancelled.feed_id)
    abroad.twin.world.clock.advance(timedelta(minutes=10))
    done = feeds.get_feed(created.feed_id)
    listed = [one.processing_status for one in feeds.iter_list_feeds(feed_types=["JSON_LISTINGS_FEED"], page_size=1)]
    link = feeds.get_document(done.result_feed_document_id)
    report = msgspec.json.decode(gzip.decompress(httpx2.get(link.url).content))
    assert (done.processing_status, listed) == ("DONE", ["CANCELLED", "DONE"])
    assert (link.compression_algorithm, report["summary"]["messagesAccepted"]) == ("GZIP", 1)
