"""Audio that callers upload before they use it."""
