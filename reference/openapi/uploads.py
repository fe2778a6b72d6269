"""The operations on uploads, and their objects."""

from __future__ import annotations

from typing import Final, get_args

from audio_gateway.uploads.upload import FORM_SECONDS, MAX_BYTES, MAX_FILENAME, UPLOAD_KEPT_SECONDS, Status
from reference.openapi.build import Schema, complete, constant, integer, or_null, record, text, words
from reference.openapi.operations import READING, json_answer, json_body, parameter, refusals

_READING: Final = (*READING, 503)
_WRITING: Final = (*_READING, 413, 415)


def upload_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    upload_id = parameter("upload_id", "path", "The id of the upload.")
    return {
        "/audio/uploads": {
            "post": {
                "operationId": "createUpload",
                "summary": "Create an upload",
                "description": "Creates an upload for audio that is too large for a request. Send a form to `url` "
                f"within {FORM_SECONDS // 60} minutes: all `fields` first, then the file as the part `file`. The form "
                "goes directly to the bucket, which accepts at most the announced number of bytes. Then refer to the "
                "file by `upload_id`. All keys of the project can use it for "
                f"{UPLOAD_KEPT_SECONDS // 3600} hours. Until it is used, deleted or expired, its `bytes` count towards "
                "the key's `pending_upload_bytes`.",
                "requestBody": json_body("UploadRequest"),
                "responses": {"200": json_answer("The upload, with its form.", "NewUpload"), **refusals(_WRITING)},
            }
        },
        "/audio/uploads/{upload_id}": {
            "get": {
                "operationId": "retrieveUpload",
                "summary": "Retrieve an upload",
                "description": "Returns the upload and whether its file has arrived.",
                "parameters": [upload_id],
                "responses": {"200": json_answer("The upload.", "Upload"), **refusals(_READING)},
            },
            "delete": {
                "operationId": "deleteUpload",
                "summary": "Delete an upload",
                "description": "Deletes the upload and its file immediately. A request that is reading the file fails.",
                "parameters": [upload_id],
                "responses": {"200": json_answer("The upload was deleted.", "DeletedUpload"), **refusals(_READING)},
            },
        },
    }


def upload_schemas() -> dict[str, Schema]:
    """The objects, by name."""
    fields = _upload()
    form: dict[str, Schema] = {
        "url": text("The URL that the form is sent to, by POST as multipart/form-data.", format="uri"),
        "fields": {
            "type": "object",
            "description": "The fields of the form. Send them unchanged, before the file.",
            "additionalProperties": {"type": "string"},
        },
    }
    gone: dict[str, Schema] = {
        "id": text("The id of the upload."),
        "object": constant("audio.upload.deleted"),
        "deleted": constant(value=True),
    }
    return {
        "UploadRequest": record(
            "The file to upload.",
            "filename bytes",
            {
                "filename": text("The name of the file, for display.", minLength=1, maxLength=MAX_FILENAME),
                "bytes": integer(
                    f"The size of the file in bytes, or an upper bound. At most {MAX_BYTES / 2**30:g} GiB.",
                    minimum=1,
                    maximum=MAX_BYTES,
                ),
            },
            additionalProperties=False,
        ),
        "Upload": complete("An upload.", fields),
        "NewUpload": complete("An upload, with the form for sending its file.", fields | form),
        "DeletedUpload": complete("Confirms the deletion.", gone),
    }


def _upload() -> dict[str, Schema]:
    return {
        "id": text("The id of the upload, to send as `upload_id`. Ids sort by creation time."),
        "object": constant("audio.upload"),
        "status": words(
            get_args(Status),
            "`completed` when the file has arrived; `expired` if it did not arrive in time or can no longer be used.",
        ),
        "filename": or_null(text("The name of the file. It is stored with the file: null until the file has arrived.")),
        "bytes": integer("The announced size in bytes; the actual size once the file has arrived."),
        "created_at": integer("When the upload was created, in Unix seconds."),
        "expires_at": integer(
            "When the form expires or, once the file has arrived, when the file expires, in Unix seconds."
        ),
    }
