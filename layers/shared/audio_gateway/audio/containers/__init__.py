"""Container formats, parsed byte by byte: where the audio is in a file."""
