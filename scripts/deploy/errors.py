"""The error that stops a deployment."""

from __future__ import annotations


class DeployRefused(Exception):
    """Nothing is deployed. The message says why, and what to do."""
