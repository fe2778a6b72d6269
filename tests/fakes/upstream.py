"""A server that speaks OpenAI's audio API, makes real sound, and misbehaves as configured.

    with FakeUpstream() as upstream:                 python -m tests.fakes.upstream --port 9000
        … base_url=upstream.base_url …
        assert upstream.calls[0].json["voice"] == "alloy"

Speech is a tone of 60 ms a character over `speed`. A transcript tells what was heard: seconds, container, file name and
the fields sent, or nothing where the audio is silent. `whisper-1` ignores `stream`, and a model with `diarize` in its
name insists on `chunking_strategy`, as the real ones do. One with `tones` in its name hears the words of `tests.tones`.

The body of the next call can be sent by the test, piece by piece: `upstream.answer_in_steps("audio/mpeg")`.

The next calls can be made to misbehave with `fail`, `hang`, `cut`, `drop`, `answer`, or, one call each, with
`upstream.script("status=500", "slow=2!cut")`; from another process by the model's name, such as
`tts-1!status=503!retry-after=7`. Behaviours, joined by `!`:

    status=N        an error of that status; code=, type=, param= and message= fill OpenAI's envelope
    retry-after=S   a header; so are retry-after-ms=S and location=URL
    slow=S          that many seconds pass before the first byte
    held            it is answered when `let_go` is called
    drip=S          a byte of the body every so many seconds; drip-head=S the same for the head
    hangup          the connection is reset before the first byte
    cut             it ends in the middle of the body
    html, empty, garbage, latin-1     200 with a body of that kind
    format=F        speech in that format, whatever was asked for
    rate=N, stereo  of the speech; pcm and wav only
    silent          speech of silence, transcripts of nothing
    noend, error    a stream without its last event; with an error event in its middle (code= as above)
    crlf            a stream with CRLF, comments and event names
    close           `Connection: close`

`GET /_calls` answers `{"count", "calls"}` without the bytes of files, `POST /_reset` forgets. `POST /_steps/begin` with
a content type lets the test send the body of the next call: `/_steps/send` with a piece, `/_steps/end`, `/_steps/cut`.
`/_steps/asked` and `/_steps/disconnected` answer when the call has come, and when its client has disconnected.
"""

from __future__ import annotations

import argparse
import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final

from tests.fakes.server import LoopbackServer
from tests.fakes.steps import Steps, StepsCut
from tests.fakes.upstream_sound import CONTENT_TYPES, Heard, heard, heard_tones, speech

Behaviour = dict[str, str]

_PATIENCE_S: Final = 30


@dataclass
class Call:
    """A request as it arrived. Header names are lower-case."""

    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    json: dict[str, Any] = field(default_factory=dict)
    form: dict[str, list[str]] = field(default_factory=dict)
    file: bytes | None = field(default=None, repr=False)
    filename: str | None = None
    content_type: str | None = None
    connection: int = 0

    def value(self, name: str) -> Any:
        """A field of the JSON or of the form; None if it was not sent."""
        return self.json.get(name, self.form.get(name, [None])[0])

    def summary(self) -> dict[str, Any]:
        """For `GET /_calls`."""
        return {
            "path": self.path,
            "headers": self.headers,
            "json": self.json,
            "form": self.form,
            "filename": self.filename,
            "content_type": self.content_type,
            "file_bytes": None if self.file is None else len(self.file),
            "bytes": len(self.body),
        }


@dataclass
class Reply:
    """An answer: its body in pieces, sent chunked; a whole one gets a Content-Length."""

    content_type: str
    pieces: list[bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunked: bool = False
    steps: Steps | None = None


class FakeUpstream:
    """The server; starts on entering, on a free port of the loopback unless one is given."""

    def __init__(self, port: int = 0, *, api_key: str | None = None, certificate: Path | None = None) -> None:
        self.calls: list[Call] = []
        self.stopping = threading.Event()
        self._port = port
        self._api_key = api_key
        self._certificate = certificate
        self._next: deque[Behaviour | Reply] = deque()
        self._let_go = threading.Event()
        self._steps = Steps()

    def start(self) -> FakeUpstream:
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.upstream = self
        if self._certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self.let_go()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        scheme = "http" if self._certificate is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}/v1"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def requests(self) -> list[Call]:
        """The calls by their other name."""
        return self.calls

    def script(self, *behaviours: str) -> None:
        """How the next calls behave, one after the other; an empty string is a good answer."""
        self._next.extend(_behaviour(text.split("!")) for text in behaviours)

    def fail(self, status: int, *, times: int = 1, headers: dict[str, str] | None = None, **error: str) -> None:
        """The next calls get an error of that status; `error` are the envelope's fields."""
        self._next.extend([_error(status, error, headers)] * times)

    def hang(self, seconds: float) -> None:
        """The next call is answered late."""
        self.script(f"slow={seconds}")

    def cut(self) -> None:
        """The next answer ends in its middle."""
        self.script("cut")

    def drop(self) -> None:
        """The next call's connection is reset."""
        self.script("hangup")

    def answer(
        self,
        body: bytes | str,
        content_type: str = "application/json",
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        """What the next call is answered, to the byte."""
        data = body.encode() if isinstance(body, str) else body
        self._next.append(Reply(content_type, [data], status, headers or {}))

    def answer_in_steps(self, content_type: str) -> Steps:
        """Let the test send the body of the next call."""
        steps = Steps()
        self._next.append(Reply(content_type, [], chunked=True, steps=steps))
        return steps

    def control_steps(self, command: str, body: bytes) -> None:
        """The same for a test in another process; see the module's description."""
        if command == "begin":
            self._steps = self.answer_in_steps(body.decode())
        elif command == "send":
            self._steps.send(body)
        else:
            commands = {
                "end": self._steps.end,
                "cut": self._steps.cut,
                "asked": self._steps.wait_until_asked,
                "disconnected": self._steps.wait_until_disconnected,
            }
            commands[command]()

    def wait_until_let_go(self) -> None:
        """Until the next `let_go`."""
        self._let_go.wait(_PATIENCE_S)

    def let_go(self) -> None:
        """Answer all calls that are held."""
        self._let_go.set()
        self._let_go = threading.Event()

    def reset(self) -> None:
        """Forget all calls and all configured behaviour."""
        self.let_go()
        self.calls.clear()
        self._next.clear()

    def reply_to(self, call: Call) -> tuple[Reply, Behaviour]:
        """The answer to a call, and how it is sent."""
        behaviour = self._next.popleft() if self._next else _behaviour(str(call.value("model")).split("!")[1:])
        if isinstance(behaviour, Reply):
            return behaviour, {}
        if self._api_key is not None and call.headers.get("authorization") != f"Bearer {self._api_key}":
            return _error(401, {"message": "Incorrect API key provided.", "code": "invalid_api_key"}), behaviour
        return _reply(call, behaviour), behaviour


Upstream = FakeUpstream


class _Server(LoopbackServer):
    upstream: FakeUpstream

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        calls = [call.summary() for call in self.server.upstream.calls]
        self._send(_json({"count": len(calls), "calls": calls}), {})

    def do_POST(self) -> None:
        upstream = self.server.upstream
        body = self._body()
        if self.path == "/_reset":
            upstream.reset()
            self._send(_json({}), {})
            return
        if self.path.startswith("/_steps/"):
            upstream.control_steps(self.path.removeprefix("/_steps/"), body)
            self._send(_json({}), {})
            return
        call = _parsed(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        call.connection = self.client_address[1]
        reply, behaviour = upstream.reply_to(call)
        upstream.calls.append(call)
        self._send(reply, behaviour)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Quiet."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _send(self, reply: Reply, behaviour: Behaviour) -> None:
        self._pause(behaviour.get("slow"))
        if "held" in behaviour:
            self.server.upstream.wait_until_let_go()
        if "hangup" in behaviour:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        chunked = reply.chunked
        whole = b"".join(reply.pieces)
        self._write(self._head(reply, behaviour, None if chunked else len(whole)), behaviour.get("drip-head"))
        if reply.steps is not None:
            self._send_steps(reply.steps)
            return
        cut = "cut" in behaviour
        pieces = reply.pieces[: len(reply.pieces) // 2 or 1] if cut and chunked else reply.pieces
        if chunked:
            for piece in pieces:
                self._write(b"%x\r\n%b\r\n" % (len(piece), piece), behaviour.get("drip"))
            self.wfile.write(b"" if cut else b"0\r\n\r\n")
        else:
            self._write(whole[: len(whole) // 2] if cut else whole, behaviour.get("drip"))
        self.close_connection = cut or "close" in behaviour

    def _send_steps(self, steps: Steps) -> None:
        try:
            for piece in steps.taken(self.connection):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        except StepsCut:
            self.close_connection = True
        except ConnectionError:
            steps.disconnected()
            raise

    def _head(self, reply: Reply, behaviour: Behaviour, length: int | None) -> bytes:
        headers = {"content-type": reply.content_type, "x-request-id": "req_upstream", **reply.headers}
        headers |= {
            name: behaviour[name] for name in ("retry-after", "retry-after-ms", "location") if name in behaviour
        }
        headers |= {"transfer-encoding": "chunked"} if length is None else {"content-length": str(length)}
        headers |= {"connection": "close"} if "close" in behaviour else {}
        lines = [f"HTTP/1.1 {reply.status} Status", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _write(self, data: bytes, pause: str | None) -> None:
        if pause is None:
            self.wfile.write(data)
            return
        for byte in data:
            self.wfile.write(bytes([byte]))
            self._pause(pause)

    def _pause(self, seconds: str | None) -> None:
        if seconds is not None and self.server.upstream.stopping.wait(float(seconds)):
            raise ConnectionAbortedError


def _behaviour(parts: list[str]) -> Behaviour:
    return {name: value for name, _, value in (part.partition("=") for part in parts) if name}


def _parsed(path: str, headers: dict[str, str], body: bytes) -> Call:
    call = Call(path, headers, body)
    kind, _, parameters = headers.get("content-type", "").partition(";")
    if kind == "application/json":
        call.json = json.loads(body)
    elif kind == "multipart/form-data":
        boundary = parameters.partition("boundary=")[2].strip('"').encode()
        for part in body.split(b"--" + boundary)[1:-1]:
            head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            _add_part(call, head.decode(), content.removesuffix(b"\r\n"))
    return call


def _add_part(call: Call, head: str, content: bytes) -> None:
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n"))}
    options = dict(option.strip().split("=", 1) for option in headers["content-disposition"].split(";")[1:])
    name = options["name"].strip('"')
    if "filename" in options:
        call.file, call.filename = content, options["filename"].strip('"')
        call.content_type = headers.get("content-type")
    else:
        call.form.setdefault(name, []).append(content.decode())


# ---------------------------------------------------------------- answers
def _reply(call: Call, behaviour: Behaviour) -> Reply:
    for name, misbehaved in _MISBEHAVED.items():
        if name in behaviour:
            return misbehaved(call)
    if "status" in behaviour:
        return _error(int(behaviour["status"]), behaviour)
    if call.path == "/v1/audio/speech":
        return _speech(call, behaviour)
    if call.path in {"/v1/audio/transcriptions", "/v1/audio/translations"}:
        return _transcript(call, behaviour)
    return _error(404, {"message": f"Invalid URL (POST {call.path})"})


def _json(value: object, status: int = 200) -> Reply:
    return Reply("application/json", [json.dumps(value, indent=2).encode()], status)


def _error(status: int, behaviour: Behaviour, headers: dict[str, str] | None = None) -> Reply:
    error = {
        "message": behaviour.get("message", f"The fake upstream was told to answer {status}."),
        "type": behaviour.get("type", "invalid_request_error" if status < 500 else "server_error"),
        "param": behaviour.get("param"),
        "code": behaviour.get("code"),
    }
    reply = _json({"error": error}, status)
    reply.headers = headers or {}
    return reply


_MISBEHAVED: Final[dict[str, Callable[[Call], Reply]]] = {
    "html": lambda _call: Reply("text/html; charset=utf-8", [b"<!doctype html><title>Bad gateway</title>"]),
    "empty": lambda call: Reply(CONTENT_TYPES.get(call.value("response_format"), "application/json"), [b""]),
    "garbage": lambda _call: _json({"answer": [42]}),
    "latin-1": lambda _call: Reply("application/json", ['{"text": "caf\u00e9"}'.encode("latin-1")]),
}


def _speech(call: Call, behaviour: Behaviour) -> Reply:
    asked = str(call.value("response_format") or "mp3")
    data = speech(
        text=str(call.value("input")),
        format=behaviour.get("format", asked),
        speed=float(call.value("speed") or 1),
        rate=int(behaviour.get("rate", 24_000)),
        channels=2 if "stereo" in behaviour else 1,
        silent="silent" in behaviour,
    )
    pieces = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    return Reply(CONTENT_TYPES[asked], pieces, chunked=True)


def _transcript(call: Call, behaviour: Behaviour) -> Reply:
    model = str(call.value("model")).split("!")[0]
    if "diarize" in model and not call.value("chunking_strategy") and not call.value("chunking_strategy[type]"):
        param = {"param": "chunking_strategy", "code": "invalid_value", "message": "chunking_strategy is required"}
        return _error(400, param)
    if "tones" in model:
        sound = heard_tones(call.file or b"")
    else:
        sound = heard(call.file or b"", call.filename or "", {name: values[0] for name, values in call.form.items()})
    if sound is None:
        return _error(400, {"message": "The audio file could not be decoded or its format is not supported."})
    if "silent" in behaviour:
        sound = Heard(sound.seconds, ())
    if call.value("stream") == "true" and model != "whisper-1":
        pieces = list(_events(call, sound, behaviour))
        return Reply("text/event-stream; charset=utf-8", pieces, chunked=True)
    return _json(_answer(call, sound))


def _answer(call: Call, sound: Heard) -> dict[str, Any]:
    wanted = call.value("response_format")
    translated = call.path.endswith("translations")
    usage = {"type": "duration", "seconds": -(-sound.seconds // 1)}
    if wanted == "diarized_json":
        return {
            "task": "transcribe",
            "duration": sound.seconds,
            "text": sound.text,
            "segments": sound.turns(),
            "usage": usage,
        }
    if wanted == "verbose_json":
        granularities = call.form.get("timestamp_granularities[]") or ["segment"]
        return {
            "task": "translate" if translated else "transcribe",
            "language": "english",
            "duration": sound.seconds,
            "text": sound.text,
            **({"segments": sound.segments()} if "segment" in granularities else {}),
            **({"words": sound.words()} if "word" in granularities else {}),
            **({} if translated else {"usage": usage}),
        }
    if translated:
        return {"text": sound.text}
    logprobs = {"logprobs": sound.logprobs()} if "logprobs" in call.form.get("include[]", []) else {}
    return {"text": sound.text, "usage": _tokens(sound), **logprobs}


def _tokens(sound: Heard) -> dict[str, Any]:
    heard_tokens, said = int(sound.seconds * 10), len(sound.tokens)
    details = {"text_tokens": 0, "audio_tokens": heard_tokens}
    return {
        "type": "tokens", "input_tokens": heard_tokens, "input_token_details": details, "output_tokens": said,
        "total_tokens": heard_tokens + said,
    }  # fmt: skip


def _events(call: Call, sound: Heard, behaviour: Behaviour) -> Iterator[bytes]:
    logprobs = "logprobs" in call.form.get("include[]", [])
    events: list[dict[str, Any]] = []
    if call.value("response_format") == "diarized_json":
        events += sound.turns()
    else:
        for token, probability in zip(sound.tokens, sound.logprobs(), strict=True):
            extra = {"logprobs": [probability]} if logprobs else {}
            events.append({"type": "transcript.text.delta", "delta": token, **extra})
    if "error" in behaviour:
        error = {"message": "The model failed.", "type": "server_error", "param": None, "code": behaviour.get("code")}
        events = [*events[: len(events) // 2], {"error": error}]
    elif "noend" not in behaviour:
        extra = {"logprobs": sound.logprobs()} if logprobs else {}
        events.append({"type": "transcript.text.done", "text": sound.text, "usage": _tokens(sound), **extra})
    end = "\r\n" if "crlf" in behaviour else "\n"
    for event in events:
        name = f": a comment{end}event: {event.get('type', 'error')}{end}" if "crlf" in behaviour else ""
        yield f"{name}data: {json.dumps(event)}{end}{end}".encode()
    if not {"error", "noend"} & behaviour.keys():
        yield f"data: [DONE]{end}{end}".encode()


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake of OpenAI's audio API on the loopback.")
    parser.add_argument("--port", type=int, default=0)
    with FakeUpstream(parser.parse_args().port) as upstream:
        print(upstream.base_url, flush=True)
        upstream.stopping.wait()


if __name__ == "__main__":
    main()
