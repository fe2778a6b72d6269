"""The API as an OpenAPI 3.1 document, and its errors as a table.

`make docs` writes docs/openapi.json with it, and docs/api.md from that. The routes read their bodies by hand
(docs/adr/0002-hand-read-bodies.md), so FastAPI cannot derive the document. tests/unit/docs compares it with the routes,
the fields that they accept and the responses that they return.
"""

from reference.openapi.document import document
from reference.openapi.error_rows import ErrorRow, error_rows

__all__ = ["ErrorRow", "document", "error_rows"]
