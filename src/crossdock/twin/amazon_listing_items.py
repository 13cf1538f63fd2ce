"""What the simulated Amazon shows of a listing: the item of the Listings Items API 2021-08-01."""

from collections.abc import Iterable, Sequence

from crossdock.twin.amazon_listing_patches import Json
from crossdock.twin.amazon_listings import Listing
from crossdock.twin.amazon_wire import timestamp

ITEM_DATASETS = frozenset(
    {
        "summaries",
        "attributes",
        "issues",
        "offers",
        "fulfillmentAvailability",
        "procurement",
        "relationships",
        "productTypes",
    }
)


def item(listing: Listing, included: Iterable[str], marketplace_ids: Sequence[str]) -> Json:
    """Show the datasets that were asked for, as far as the listing is in these marketplaces."""
    marketplaces = [one for one in marketplace_ids if one in listing.marketplace_ids]
    datasets: Json = {
        "summaries": [_summary(listing, one) for one in marketplaces],
        "attributes": listing.attributes,
        "issues": listing.issues,
        "offers": [offer for offer in listing.offers if offer.get("marketplaceId") in marketplaces],
        "fulfillmentAvailability": [_availability(*channel) for channel in listing.live.items()],
        "procurement": [],
        "relationships": [{"marketplaceId": one, "relationships": []} for one in marketplaces],
        "productTypes": [{"marketplaceId": one, "productType": listing.product_type} for one in marketplaces],
    }
    return {"sku": listing.sku} | {name: value for name, value in datasets.items() if name in set(included)}


def _summary(listing: Listing, marketplace_id: str) -> Json:
    """Sum a listing up for one marketplace."""
    summary: Json = {
        "marketplaceId": marketplace_id,
        "asin": listing.asin,
        "productType": listing.product_type,
        "conditionType": "new_new",
        "status": listing.statuses,
        "itemName": listing.title,
        "createdDate": timestamp(listing.created_at),
        "lastUpdatedDate": timestamp(listing.updated_at),
    }
    return summary | ({"fnSku": f"X{listing.asin[1:]}"} if listing.by_amazon else {})


def _availability(channel: str, quantity: int | None) -> Json:
    """Tell what is for sale through one channel."""
    return {"fulfillmentChannelCode": channel} | ({} if quantity is None else {"quantity": quantity})
