"""One answer for a request that is sent again, with an Idempotency-Key or by an SDK."""
