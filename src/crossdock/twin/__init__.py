"""Amazon and commercetools, simulated from their published specifications: for tests, demonstrations and training."""
