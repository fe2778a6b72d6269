"""Usage and costs: OpenAI's reports, the caller's own usage, the ledger as CSV."""
