"""Seller Central: the Selling Partner API, one file a resource."""
