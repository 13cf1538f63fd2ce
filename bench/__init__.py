"""What Crossdock costs, measured beside a yardstick in one run. Each prints its figures last, as one JSON line."""
