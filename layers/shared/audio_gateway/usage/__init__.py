"""Usage and cost reports, derived from the ledger."""
