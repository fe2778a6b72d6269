"""Jobs, from their start to their end."""
