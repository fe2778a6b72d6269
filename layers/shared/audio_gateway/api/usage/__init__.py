"""What was used and what it cost: OpenAI's usage and costs reports, the caller's own usage, the ledger as CSV."""
