"""Providers of speech and transcription: the port, and one module or folder per adapter."""
