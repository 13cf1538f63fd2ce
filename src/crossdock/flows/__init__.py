"""What Crossdock does, one file each: the table of contents of the product.

- `ingest_orders`: Amazon order -> commercetools order, once
- `read_recipients`: where FBM orders go, sealed, a page at a time
- `check_days`: every order of a closed day is here, proven by a second search; no FBA order outside its fence
- `erase_personal_data`: what Amazon's policy says must go, goes, on both sides
"""
