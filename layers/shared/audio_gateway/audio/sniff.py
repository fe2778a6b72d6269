"""What a file is, by its first bytes: names and declared types are not believed."""

from __future__ import annotations

from typing import Literal

Container = Literal["wav", "mp3", "mp4", "ogg", "flac", "webm", "aac"]
