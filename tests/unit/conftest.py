"""What every unit test has: no socket, and the variables that template.yaml gives to Powertools."""

from __future__ import annotations

import os

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "audio-gateway")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "AudioGateway")
