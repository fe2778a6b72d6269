"""Answers that are given a second time: to the same request under its Idempotency-Key, and speech from the cache."""
