"""What the gateway does for a caller, without HTTP: one module per thing asked for."""
