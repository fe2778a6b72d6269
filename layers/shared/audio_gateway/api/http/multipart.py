"""The multipart/form-data body of an upload: parts in any order, arrays as `name[]` or `name` (contract 0.4, 3.1).

python-multipart splits the bytes; this module interprets the parts and refuses ambiguous ones. A part is a file if it
has a filename, however that is spelt; the part named `file` also if it declares a type or is not text. Filenames and
types are not used otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from audio_gateway.api.http.json_body import MAX_FIELDS
from audio_gateway.errors import InvalidRequest, UnsupportedContentType

_FILE = "file"
_QUOTED = re.compile(rb'"[^"]*"')
_FILENAME_STAR = re.compile(rb";\s*filename\*[\d*]*\s*=", re.IGNORECASE)  # RFC 5987 and RFC 2231
_ESCAPED = re.compile(rb'\\[\\"]')  # how Go's standard library escapes a backslash and a quote in a name
_EXAMPLE = (
    "Send the request as multipart/form-data, as in: curl -F model=whisper-1 -F file=@speech.mp3; "
    "or as application/json with 'upload_id' or 'file_url'."
)


@dataclass(frozen=True, slots=True)
class FormPart:
    """One part of the form. `text` is None for a file, `file` for anything else."""

    name: str
    text: str | None
    file: bytes | None


class MultipartForm:
    """The parts of a request. Each accessor removes its field, so only unknown fields are left at the end."""

    def __init__(self, parts: list[FormPart]) -> None:
        self._parts = parts

    def has(self, name: str) -> bool:
        """Whether the field was sent, even if empty."""
        return any(part.name == name for part in self._parts)

    def file(self, name: str) -> bytes:
        """The only file with this name. Raises `InvalidRequest` if there is none, several, or text instead."""
        found = self._take(name)
        if not found:
            message = (
                f"'{name}' is required: the audio file, as a file part of the form. "
                "You can send 'upload_id' or 'file_url' instead."
            )
            raise InvalidRequest(message, param=name)
        part = self._only(found, name)
        if part.file is None:
            message = f"'{name}' was sent as text; send it as a file part with a filename, as in: curl -F {name}=@a.mp3"
            raise InvalidRequest(message, param=name)
        return part.file

    def text(self, name: str) -> str | None:
        """The only value of a field; None if it was not sent."""
        found = self._take(name)
        return self._text_of(self._only(found, name)) if found else None

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of an array field, in order, whether they came as `name[]` or as `name`."""
        return tuple(self._text_of(part) for part in (*self._take(f"{name}[]"), *self._take(name)))

    def members(self, name: str) -> dict[str, str]:
        """The members of an object field that came as `name[member]`."""
        prefix = f"{name}["
        names = dict.fromkeys(p.name for p in self._parts if p.name.startswith(prefix) and p.name.endswith("]"))
        return {full[len(prefix) : -1]: self._text_of(self._only(self._take(full), full)) for full in names}

    def left(self) -> tuple[str, ...]:
        """The names of the fields that were not read."""
        return tuple(dict.fromkeys(part.name for part in self._parts))

    def _take(self, name: str) -> list[FormPart]:
        found = [part for part in self._parts if part.name == name]
        if found:
            self._parts = [part for part in self._parts if part.name != name]
        return found

    @staticmethod
    def _only(found: list[FormPart], name: str) -> FormPart:
        if len(found) > 1:
            raise InvalidRequest(f"'{name}' was sent {len(found)} times; send it once.", param=name)
        return found[0]

    @staticmethod
    def _text_of(part: FormPart) -> str:
        if part.text is None:
            raise InvalidRequest(f"'{part.name}' was sent as a file; send it as a text field.", param=part.name)
        return part.text


def parse_form(content_type: str | None, body: bytes) -> MultipartForm:
    """Read a form.

    Raises:
        UnsupportedContentType: the body is of another type.
        InvalidRequest: the body is malformed or cut off.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        shown = f"'{content_type[:100]}'" if content_type else "missing"
        raise UnsupportedContentType(f"The Content-Type is {shown}. {_EXAMPLE}")
    boundary = options.get(b"boundary")
    if not boundary:
        raise InvalidRequest(f"The Content-Type of the multipart body has no boundary. {_EXAMPLE}")
    return MultipartForm(list(_parts(boundary, body)))


def _parts(boundary: bytes, body: bytes) -> Iterator[FormPart]:
    reader = _Reader()
    try:
        parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type] # its TypedDict wants all keys
        parser.write(_without_preamble(boundary, body))
        parser.finalize()
    except FormParserError as error:
        raise InvalidRequest(f"The multipart body is malformed: {error}. {_EXAMPLE}") from error
    if not reader.ended:
        message = "The multipart body ends before its closing boundary: the upload was cut off. Send it again."
        raise InvalidRequest(message)
    for headers, data in reader.found:
        yield _part(headers, data)


def _without_preamble(boundary: bytes, body: bytes) -> bytes:
    """The body from its first boundary on; text before it is ignored (RFC 2046, section 5.1.1)."""
    if body.startswith(b"--%b\r\n" % boundary):
        return body
    first = re.search(rb"(?:\A|\r\n)(?=--%b[ \t]*(?:\r\n|--))" % re.escape(boundary), body)
    return body if first is None else body[first.end() :]


class _Reader:
    """Collects the headers and the data of each part from the parser's callbacks."""

    def __init__(self) -> None:
        self.found: list[tuple[dict[bytes, bytes], bytes]] = []
        self.ended = False
        self._headers: dict[bytes, bytes] = {}
        self._field = bytearray()
        self._value = bytearray()
        self._slices: list[bytes] = []

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_part_data": lambda data, start, end: self._slices.append(data[start:end]),
            "on_part_end": self._part_end,
            "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.found) >= MAX_FIELDS:
            raise InvalidRequest(f"The form has more than {MAX_FIELDS} fields; remove some.")
        self._headers = {}
        self._slices = []

    def _header_end(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _part_end(self) -> None:
        data = self._slices[0] if len(self._slices) == 1 else b"".join(self._slices)
        self.found.append((self._headers, data))

    def _end(self) -> None:
        self.ended = True


def _part(headers: dict[bytes, bytes], data: bytes) -> FormPart:
    disposition = headers.get(b"content-disposition", b"")
    if any(byte < 0x20 and byte != 0x09 for byte in disposition):  # noqa: PLR2004 - control characters except the tab
        raise InvalidRequest("The Content-Disposition of a part has a control character; encode or remove it.")
    if _has_open_quote(disposition):
        raise InvalidRequest(
            "The Content-Disposition of a part has an unclosed quote. Close it, and encode line breaks in names."
        )
    # SDKs send names as raw UTF-8 (contract section 3.1); the library reads headers as latin-1, byte for byte.
    kind, options = parse_options_header(disposition.decode("latin-1"))
    name_bytes = options.get(b"name")
    if kind != b"form-data" or not name_bytes:
        raise InvalidRequest(f"A part of the form has no name. {_EXAMPLE}")
    name = name_bytes.decode("utf-8", "replace")
    is_file = b"filename" in options or _FILENAME_STAR.search(_QUOTED.sub(b'""', disposition)) is not None
    if is_file or (name == _FILE and b"content-type" in headers):
        return FormPart(name, None, data)
    try:
        return FormPart(name, data.decode("utf-8"), None)
    except UnicodeDecodeError as error:
        if name == _FILE:
            return FormPart(name, None, data)
        message = f"'{name}' is not valid UTF-8 text; encode it as UTF-8 or, if it is a file, send it with a filename."
        raise InvalidRequest(message, param=name) from error


def _has_open_quote(disposition: bytes) -> bool:
    r"""Whether a quote is unclosed. A name has quotes as %22 or escaped; but not every backslash escapes: `"C:\"`."""
    return all(text.count(b'"') % 2 for text in (disposition, _ESCAPED.sub(b"", disposition)))
