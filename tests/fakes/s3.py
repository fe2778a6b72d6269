"""An S3 bucket in memory, for what the gateway does with small objects."""

from __future__ import annotations

import hashlib
import io
from typing import Any

from botocore.exceptions import ClientError


class FakeS3:
    """The client of one bucket. It knows the calls that the stores of job files and pending settlements make."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803 - S3's name
        self.objects[Key] = Body
        return {"ETag": _etag(Body)}

    def get_object(self, *, Key: str, **options: Any) -> dict[str, Any]:  # noqa: N803
        body = self._body(Key, "NoSuchKey")
        if options.get("IfMatch", _etag(body)) != _etag(body):
            raise _error("PreconditionFailed")
        if "Range" in options:
            first, _, last = options["Range"].removeprefix("bytes=").partition("-")
            body = body[int(first) : int(last) + 1]
        return {"Body": io.BytesIO(body)}

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        body = self._body(Key, "404")
        return {"ETag": _etag(body), "ContentLength": len(body)}

    def delete_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.objects.pop(Key, None)
        return {}

    def delete_objects(self, *, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        for each in Delete["Objects"]:
            self.objects.pop(each["Key"], None)
        return {}

    def list_objects_v2(self, *, Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Contents": [{"Key": key} for key in sorted(self.objects) if key.startswith(Prefix)]}

    def _body(self, key: str, code: str) -> bytes:
        if key not in self.objects:
            raise _error(code)
        return self.objects[key]


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _error(code: str) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {}}
    return ClientError(answer, "a call")
