"""Whisper base through CTranslate2: 99 languages, and translation into English (docs/adr/0047)."""
