"""The one Transcript type, its merging and its formats."""
