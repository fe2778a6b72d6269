"""What was said: the one Transcript type and its renderings."""
