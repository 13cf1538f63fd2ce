"""When flows run: wake-ups, the drain of due records, retries, and the schedule of discovery. Knows records and faults, not flows."""
