"""The truth: one transaction carries rows, outbox, audit and idempotency key together."""
