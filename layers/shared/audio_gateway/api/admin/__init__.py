"""OpenAI's admin API: projects, service accounts, their keys, and admin keys (contract section 9)."""
