"""A file on a web server, read in ranges: of a zip archive, only the directory and one member are fetched."""

from __future__ import annotations

import io
from typing import Final

_BLOCK: Final = 65_536
_TIMEOUT_S: Final = 20
_PARTIAL: Final = 206


class RemoteFile(io.RawIOBase):
    """The file at a URL. Raises `OSError` if the server does not support ranges or cannot be reached."""

    def __init__(self, url: str) -> None:
        import httpx2

        super().__init__()
        self._url = url
        self._client = httpx2.Client(timeout=_TIMEOUT_S)
        self._place = 0
        self._block = (0, b"")
        self._size = self._fetch(0)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._place

    def read(self, size: int = -1) -> bytes:
        """See `io.RawIOBase`."""
        wanted = self._size - self._place if size is None or size < 0 else min(size, self._size - self._place)
        pieces = []
        while wanted > 0:
            start, block = self._block
            if not start <= self._place < start + len(block):
                self._fetch(self._place)
                start, block = self._block
            piece = block[self._place - start :][:wanted]
            pieces.append(piece)
            self._place += len(piece)
            wanted -= len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
        super().close()

    def _fetch(self, start: int) -> int:
        """Fetch the block that begins at `start`, and return the size of the whole file."""
        import httpx2

        try:
            answer = self._client.get(self._url, headers={"Range": f"bytes={start}-{start + _BLOCK - 1}"})
        except httpx2.HTTPError as error:
            raise OSError(f"the archive cannot be read: {error}") from error
        if answer.status_code != _PARTIAL or not answer.content:
            raise OSError(f"the archive cannot be read in ranges: status {answer.status_code}")
        self._block = (start, answer.content)
        return int(answer.headers["content-range"].rpartition("/")[2])
