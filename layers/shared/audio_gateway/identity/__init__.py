"""Projects, service accounts and keys: who may call."""
