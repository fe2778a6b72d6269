"""The generated pages of the documentation: the OpenAPI document, the API reference, and tables of other pages.

`make docs` writes them; tests/unit/docs fails if the committed pages differ from what this module generates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from reference.api_page import api_page
from reference.errors import errors_by_class
from reference.measured import measured
from reference.openapi import document
from reference.schemas import table
from scripts import packages

ROOT: Final = Path(__file__).resolve().parent.parent


def pages(root: Path = ROOT) -> dict[Path, str]:
    """The generated files and their content; of docs/architecture.md and docs/engines.md, only tables are generated."""
    spec = document()
    architecture, engines = root / "docs" / "architecture.md", root / "docs" / "engines.md"
    tables = {
        "errors": "\n".join(errors_by_class()),
        "packages": "\n".join(table(("package", "what it holds", "may import"), packages.rows())),
    }
    return {
        root / "docs" / "openapi.json": json.dumps(spec, indent=2, ensure_ascii=False) + "\n",
        root / "docs" / "api.md": api_page(spec, root / "template.yaml"),
        architecture: _with_blocks(architecture, tables),
        engines: _with_blocks(engines, {"measured": measured(root / "bench" / "results")}),
    }


def main() -> None:
    """Write all generated files."""
    for path, text in pages().items():
        path.write_text(text)
        print(path.relative_to(ROOT))


# ---------------------------------------------------------------- blocks
def _with_blocks(path: Path, blocks: Mapping[str, str]) -> str:
    """The page in a file, with each text inserted between the comments that mark its block."""
    page = path.read_text()
    for name, text in blocks.items():
        begin, end = f"<!-- {name}: written by `make docs` -->\n", f"<!-- {name}: end -->"
        before, found_begin, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not (found_begin and found_end) or begin in after:
            raise ValueError(f"{path.name} must contain the block '{name}' exactly once")
        page = f"{before}{begin}{text}{end}{after}"
    return page


if __name__ == "__main__":
    main()
