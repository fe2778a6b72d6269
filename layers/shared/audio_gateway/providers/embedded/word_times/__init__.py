"""When each word of a known text is spoken: pronunciations, and their alignment with the audio."""
