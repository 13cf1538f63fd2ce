"""What Crossdock does, one file each: the table of contents of the product.

- `ingest_orders`: Amazon order -> commercetools order, once
- `read_recipients`: where FBM orders go, sealed, a page at a time
- `check_days`: every order of a closed day is here, proven by a second search; no FBA order outside its fence
- `push_stock`: stock in commercetools -> quantity on Amazon, one SKU; `plan_stock` shows it and does nothing, `push_feeds` sends many at once
- `claim_units`: what Amazon sold leaves commercetools, once; `fix_claims` says from which orders on
- `cover_units`: what Amazon may sell before we hear of it is kept back in the shop; `move_units`, with proof: units change sides
- `discover_stock`, `discover_listed`: which SKUs are to be looked at, on either side; `wake_for_peaks`: those with an announced peak
- `measure_pace`, `measure_share`: what all SKUs sell now over the usual, and how much of it on Amazon
- `erase_personal_data`: what Amazon's policy says must go, goes, on both sides
"""
