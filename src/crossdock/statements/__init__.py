"""Bank statements as people are given them, in the formats of banks and of no platform: bytes -> lines, or a DataError that names the place. Pure."""
