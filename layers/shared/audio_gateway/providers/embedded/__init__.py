"""Engines that run inside the function: eSpeak NG and PocketSphinx. Both are in `layers/engines`."""
