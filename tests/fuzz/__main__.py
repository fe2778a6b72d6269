"""`make fuzz ARGS="--texts 2000 --media 2000 --sounds 100 --seed 7"`: exits with 1 where something else came of one."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.media import fuzz_media
from tests.fuzz.sounds import fuzz_sounds
from tests.fuzz.texts import fuzz_texts


def main() -> int:
    """Fuzz, and say what came of it."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--texts", type=int, default=400, help="for eSpeak NG (default: %(default)s)")
    parser.add_argument("--media", type=int, default=1000, help="files for FFmpeg (default: %(default)s)")
    parser.add_argument("--sounds", type=int, default=20, help="for the models that listen (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same one makes the same inputs (default: %(default)s)")
    asked = parser.parse_args()
    failed = False
    for fuzz, count in ((fuzz_texts, asked.texts), (fuzz_media, asked.media), (fuzz_sounds, asked.sounds)):
        tally = fuzz(asked.seed, count)
        print(tally.report(), flush=True)
        failed = failed or bool(tally.failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
