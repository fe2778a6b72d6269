"""POST /audio/uploads, and GET and DELETE /audio/uploads/{id}: audio that is too large for a request."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response

from audio_gateway.api.active_key import WriterOf
from audio_gateway.api.http.app import body_of, caller_of, create_app
from audio_gateway.api.http.fields import BodyFields
from audio_gateway.api.http.json_body import read_object
from audio_gateway.api.http.responses import json_response
from audio_gateway.errors import InvalidRequest, RequestTooLarge
from audio_gateway.metering.account import Payer
from audio_gateway.metering.free_requests import FreeRequests
from audio_gateway.uploads.upload import MAX_BYTES, MAX_FILENAME, UploadForm, UploadState
from audio_gateway.uploads.upload_store import UploadStore


def uploads_app(
    *, uploads: UploadStore, visits: FreeRequests, writer_of: WriterOf, now_s: Callable[[], float] = time.time
) -> FastAPI:
    """The app of the uploads function; `now_s` is the clock in Unix seconds."""
    app = create_app("uploads", caller="api")

    @app.post("/audio/uploads")
    async def create(request: Request) -> Response:
        caller = caller_of(request)
        filename, size = read_upload(read_object(request.headers.get("content-type"), await body_of(request)))
        limits = visits.count(caller.key_id)
        payer = Payer(caller.key_id, caller.project_id)
        upload, form = uploads.create(payer, filename, size, now_s(), most_pending=limits.most_pending_bytes)
        return json_response(upload_json(UploadState(upload, "pending", filename=filename), form))

    @app.get("/audio/uploads/{upload_id}")
    async def retrieve(request: Request, upload_id: str) -> Response:
        caller = caller_of(request)
        return json_response(upload_json(uploads.state(caller.project_id, upload_id, now_s())))

    @app.delete("/audio/uploads/{upload_id}")
    async def delete(request: Request, upload_id: str) -> Response:
        caller = writer_of(request)
        uploads.delete(caller.project_id, upload_id)
        return json_response({"id": upload_id, "object": "audio.upload.deleted", "deleted": True})

    return app


def read_upload(body: dict[str, Any]) -> tuple[str, int]:
    """The name and the size of the file.

    Raises:
        InvalidRequest: a field is wrong; `param` is the first one.
        RequestTooLarge: the file is larger than `MAX_BYTES`.
    """
    fields = BodyFields(body)
    filename = fields.text("filename", required=True)
    if len(filename) > MAX_FILENAME or not filename.isprintable():
        message = f"'filename' must be one line of at most {MAX_FILENAME} printable characters."
        raise InvalidRequest(message, param="filename", code="invalid_value")
    size = fields.pop("bytes")
    if size is None:
        raise InvalidRequest("'bytes' is required: the size of the file in bytes, or a larger number.", param="bytes")
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        message = "'bytes' must be a whole number of at least 1: the size of the file in bytes, or a larger number."
        raise InvalidRequest(message, param="bytes", code="invalid_value")
    if size > MAX_BYTES:
        message = f"'bytes' is more than {MAX_BYTES:,}, the limit. Compress the file (Opus or MP3, mono) or split it."
        raise RequestTooLarge(message, param="bytes")
    fields.refuse_the_rest()
    return filename, size


def upload_json(state: UploadState, form: UploadForm | None = None) -> dict[str, Any]:
    """`audio.upload`. Only the response to its creation has `url` and `fields`."""
    upload = state.upload
    shown = {
        "id": upload.id,
        "object": "audio.upload",
        "status": state.status,
        "filename": state.filename,
        "bytes": upload.bytes if state.stored_bytes is None else state.stored_bytes,
        "created_at": upload.created_at,
        "expires_at": state.expires_at,
    }
    return shown if form is None else {**shown, "url": form.url, "fields": form.fields}
