"""Engines that run inside the function. Their packages and models are in `layers/engines`."""
