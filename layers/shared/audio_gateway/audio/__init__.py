"""Audio as bytes: recognise, measure, decode, encode. Knows nothing of HTTP, providers or money."""
