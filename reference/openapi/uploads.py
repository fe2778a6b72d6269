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
    which = parameter("upload_id", "path", "The id of the upload.")
    return {
        "/audio/uploads": {
            "post": {
                "operationId": "createUpload",
                "summary": "Announce a file",
                "description": "For audio that is too big for a request. Send `fields`, and after them the file as the "
                f"part `file`, to `url` within {FORM_SECONDS // 60} minutes: a form that goes straight into the "
                "bucket, which takes no more than was announced. Then name the file as `upload_id`. It can be used for "
                f"{UPLOAD_KEPT_SECONDS // 3600} hours, by all keys of the project. Until it is used, deleted or "
                "expired, its `bytes` count as `pending_upload_bytes` of the key.",
                "requestBody": json_body("UploadRequest"),
                "responses": {"200": json_answer("The upload, with its form.", "NewUpload"), **refusals(_WRITING)},
            }
        },
        "/audio/uploads/{upload_id}": {
            "get": {
                "operationId": "retrieveUpload",
                "summary": "Describe an upload",
                "description": "Returns the upload and whether its file has arrived.",
                "parameters": [which],
                "responses": {"200": json_answer("The upload.", "Upload"), **refusals(_READING)},
            },
            "delete": {
                "operationId": "deleteUpload",
                "summary": "Delete an upload",
                "description": "Deletes the upload and its file immediately. A request that is reading the file fails.",
                "parameters": [which],
                "responses": {"200": json_answer("The upload was deleted.", "DeletedUpload"), **refusals(_READING)},
            },
        },
    }


def upload_schemas() -> dict[str, Schema]:
    """The objects, by name."""
    fields = _upload()
    form: dict[str, Schema] = {
        "url": text("Where to POST the form, as multipart/form-data.", format="uri"),
        "fields": {
            "type": "object",
            "description": "The form's fields, to be sent as they are and before the file.",
            "additionalProperties": {"type": "string"},
        },
    }
    gone: dict[str, Schema] = {
        "id": text("Its id."),
        "object": constant("audio.upload.deleted"),
        "deleted": constant(value=True),
    }
    return {
        "UploadRequest": record(
            "A file to be uploaded.",
            "filename bytes",
            {
                "filename": text("Its name, for people.", minLength=1, maxLength=MAX_FILENAME),
                "bytes": integer("How many bytes it has, at most.", minimum=1, maximum=MAX_BYTES),
            },
            additionalProperties=False,
        ),
        "Upload": complete("A file that was announced.", fields),
        "NewUpload": complete("A file that was announced, and the form to send it with.", fields | form),
        "DeletedUpload": complete("Confirms the deletion.", gone),
    }


def _upload() -> dict[str, Schema]:
    return {
        "id": text("Its id, for `upload_id`. Ids sort by creation."),
        "object": constant("audio.upload"),
        "status": words(
            get_args(Status),
            "`completed` when the file has arrived; `expired` when it did not in time, or its own time is over.",
        ),
        "filename": or_null(text("Its name. Kept with the file alone: null until that has arrived.")),
        "bytes": integer("Bytes announced; once the file has arrived, those that it has."),
        "created_at": integer("When it was announced, in unix seconds."),
        "expires_at": integer("When the form ends or, once the file has arrived, the file, in unix seconds."),
    }
