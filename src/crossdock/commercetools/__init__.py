"""commercetools: the merchant's own shop, one file a resource."""
