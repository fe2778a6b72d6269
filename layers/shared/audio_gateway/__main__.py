"""`python -m audio_gateway`: the operators' command line (docs/operations.md)."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from audio_gateway.cli.app import main
    except ModuleNotFoundError as error:
        sys.exit(f"The command line needs the package '{error.name}': `make cli` installs it into .venv.")
    main()
