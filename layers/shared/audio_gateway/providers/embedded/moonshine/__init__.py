"""Transcription of English by Moonshine tiny: pieces of speech, their text, and the times of its words."""
