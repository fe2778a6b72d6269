"""Engines that run inside the function: eSpeak NG speaks, PocketSphinx listens. Both live in `layers/engines`."""
