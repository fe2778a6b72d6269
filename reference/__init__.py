"""The API's description: its OpenAPI document, and the pages that `make docs` writes from it."""
