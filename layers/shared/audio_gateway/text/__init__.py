"""Written text: its characters, words and sentences, and where it may be split."""
