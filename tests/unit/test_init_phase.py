"""No search for garbage while a function starts, and a search for new garbage only from then on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LAYER = Path(__file__).parents[2] / "layers" / "shared"

# In a process of its own: the collector and what it leaves out belong to the whole process.
FUNCTION = """
import gc
from audio_gateway import init_phase
while_it_starts = gc.isenabled()
kept = [[] for _ in range(1000)]
handler = init_phase.done(kept.append)
print(while_it_starts, gc.isenabled(), gc.get_freeze_count() > 1000, handler == kept.append)
"""


def test_garbage_is_looked_for_once_the_function_is_ready_and_only_in_what_comes_after() -> None:
    found = subprocess.run(
        [sys.executable, "-c", FUNCTION], env={"PYTHONPATH": str(LAYER)}, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["False", "True", "True", "True"]
