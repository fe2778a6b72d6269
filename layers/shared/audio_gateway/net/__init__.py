"""Outgoing connections to addresses that callers name."""
