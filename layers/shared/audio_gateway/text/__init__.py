"""Text by the rules of Unicode: what belongs together, and where it may be cut."""
