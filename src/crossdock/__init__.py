"""Crossdock joins Amazon Seller Central and commercetools."""
