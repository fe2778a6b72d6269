"""Uploads that no SDK sends, beyond those of test_transcriptions.py: each names its field, and no provider is asked."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from audio_gateway.catalog.load import build_catalog
from tests.fakes.gateway import Answer, Context, call, event
from tests.fakes.providers import model
from tests.sound import ENCODINGS, clip, encode, silent_flac, tone_wav, wav
from tests.unit.api.test_transcriptions import Gateway

PATHS = ["/audio/transcriptions", "/audio/translations"]
MODEL = ("model", "talker")
SPEECH = tone_wav(1.0)
BOUNDARY = "the-boundary-of-these-tests"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
END = f"--{BOUNDARY}--\r\n".encode()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("speech.wav", SPEECH)
    return out.getvalue()


def lying_wav(**patches: bytes) -> bytes:
    """A good WAV of a second, with bytes of its header replaced: `at_22=b"..."` writes at offset 22."""
    data = bytearray(SPEECH)
    for place, value in patches.items():
        start = int(place.removeprefix("at_"))
        data[start : start + len(value)] = value
    return bytes(data)


def _mp3() -> bytes:
    return encode(clip("austen-0880"), ENCODINGS["mp3 22.05 kHz"])


NOT_AUDIO: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one byte": lambda: b"R",
    "text": lambda: b"This is what I wanted to say.\n" * 50,
    "html": lambda: b"<!doctype html><html><body><audio src=x></body></html>" * 20,
    "json": lambda: b'{"audio": "no"}' * 20,
    "zip": zipped,
    "pdf": lambda: b"%PDF-1.7\n" + bytes(2_000),
    "png": lambda: b"\x89PNG\r\n\x1a\n" + bytes(2_000),
    "elf": lambda: b"\x7fELF" + bytes(2_000),
    "random": lambda: random.Random(4).randbytes(50_000),
    "zeros": lambda: bytes(50_000),
    "ones": lambda: b"\xff" * 50_000,
    "base64": lambda: b"UklGRiR9AABXQVZFZm10IBAAAAABAAEAgD4AAAB9AAACABAAZGF0YQB9" * 100,
    "midi": lambda: b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0",
    "playlist": lambda: b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
    "ffconcat": lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
    "sdp": lambda: b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 0\r\n",
    "dash": lambda: b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
}

BROKEN: dict[str, Callable[[], bytes]] = {
    "riff alone": lambda: SPEECH[:12],
    "wav without data": lambda: SPEECH[:36],
    "wav with an empty data chunk": lambda: wav(b""),
    "wav of no channels": lambda: lying_wav(at_22=b"\0\0"),
    "wav of rate zero": lambda: lying_wav(at_24=bytes(4)),
    "wav of 0 bits": lambda: lying_wav(at_34=b"\0\0", at_32=b"\0\0"),
    "wav of an unknown codec": lambda: lying_wav(at_20=b"\xee\xee"),
    "wav that promises half of what it has": lambda: lying_wav(at_40=(16_000).to_bytes(4, "little")),
    "wav that promises half more": lambda: lying_wav(at_40=(48_000).to_bytes(4, "little")),
    "wav that promises an hour": lambda: lying_wav(at_40=(3600 * 32_000).to_bytes(4, "little")),
    "mp3 of a hundred bytes": lambda: _mp3()[:100],
    "flac header alone": lambda: silent_flac(10)[:42],
    "ogg header alone": lambda: encode(clip("austen-0880"), ENCODINGS["ogg opus 16 kHz"])[:60],
    "mp4 without its index": lambda: encode(clip("austen-0880"), ENCODINGS["mp4 32 kHz"])[:8_000],
    "webm header alone": lambda: encode(clip("austen-0880"), ENCODINGS["webm opus 48 kHz"])[:60],
    "id3 and nothing": lambda: b"ID3\x04\0\0\0\0\0\0" + bytes(500),
    "id3 of two gigabytes": lambda: b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(500),
    "half a second of noise with an mp3 header": lambda: b"\xff\xfb\x90\x64" + random.Random(5).randbytes(5_000),
}

LENGTHS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a twentieth of a second": (lambda: tone_wav(0.05), "audio_too_short"),
    "one sample": (lambda: wav(b"\1\0"), "audio_too_short"),
    "fifty hours of silence in a third of a megabyte": (lambda: silent_flac(50 * 3600), "input_too_long"),
    "gigabytes of samples in a megabyte": (lambda: silent_flac(2_000, 96_000, 8), "input_too_long"),
}


def refused(gateway: Gateway, answer: Answer, param: str | None = "file") -> dict[str, Any]:
    """The error of a 400; no provider was asked, and the next request is answered."""
    assert (answer.status, answer.error["type"], answer.error["param"]) == (400, "invalid_request_error", param)
    assert gateway.provider.asked == []
    assert gateway.post(MODEL, ("file", ("a.wav", SPEECH))).status == 200
    return answer.error


@pytest.mark.parametrize("make", NOT_AUDIO.values(), ids=NOT_AUDIO)
def test_what_is_no_audio_is_refused(gateway: Gateway, make: Callable[[], bytes]) -> None:
    answer = gateway.post(MODEL, ("file", ("speech.wav", make())))
    message = refused(gateway, answer)["message"]
    assert "passwd" not in message
    if make():
        assert all(kind in message for kind in ("flac", "m4a", "mp3", "ogg", "wav", "webm"))


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_decoded_is_refused(gateway: Gateway, make: Callable[[], bytes]) -> None:
    refused(gateway, gateway.post(MODEL, ("file", ("speech.wav", make()))))


@pytest.mark.parametrize(("make", "code"), LENGTHS.values(), ids=LENGTHS)
def test_what_is_too_short_or_too_long_is_refused(gateway: Gateway, make: Callable[[], bytes], code: str) -> None:
    brief = Context(remaining_ms=4_500)  # decoding is given up early
    answer = gateway.post(MODEL, ("file", ("speech.wav", make())), context=brief)
    assert refused(gateway, answer)["code"] == code


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", b"\x00\xf0\xff\x7f"], ids=["as OpenAI's own", "as sox's"])
def test_a_streamed_wav_that_does_not_know_its_length_is_measured(gateway: Gateway, size: bytes) -> None:
    data = lying_wav(at_4=size, at_40=size)
    answer = gateway.post(MODEL, ("response_format", "verbose_json"), ("file", ("speech.wav", data)))
    assert answer.json["duration"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.8])
def test_a_truncated_mp3_is_refused_with_what_is_missing(gateway: Gateway, kept: float) -> None:
    whole = _mp3()
    answer = gateway.post(MODEL, ("file", ("speech.mp3", whole[: int(len(whole) * kept)])))
    assert "2.99 s" in refused(gateway, answer)["message"]


def test_a_piece_of_an_mp3_stream_is_as_long_as_what_can_be_heard(gateway: Gateway) -> None:
    whole = _mp3()
    piece = whole[len(whole) // 3 : len(whole) * 2 // 3]
    answer = gateway.post(MODEL, ("response_format", "verbose_json"), ("file", ("speech.mp3", piece)))
    assert answer.json["duration"] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("value", ["a.wav", ""], ids=["a name", "nothing"])
def test_text_in_place_of_a_file_is_named(gateway: Gateway, path: str, value: str) -> None:
    refused(gateway, gateway.post(MODEL, ("file", value), path=path))


def test_a_file_in_place_of_text_is_named(gateway: Gateway) -> None:
    refused(gateway, gateway.post(("model", ("m.txt", b"talker")), ("file", ("a.wav", SPEECH))), "model")


@pytest.mark.parametrize("path", PATHS)
def test_a_missing_field_of_a_translation_is_named_too(gateway: Gateway, path: str) -> None:
    refused(gateway, gateway.post(MODEL, path=path))
    gateway.provider.asked.clear()
    refused(gateway, gateway.post(("file", ("a.wav", SPEECH)), path=path), "model")


@pytest.mark.parametrize("field", ["language", "prompt", "response_format", "temperature", "stream"])
def test_a_field_that_appears_twice_is_named(gateway: Gateway, field: str) -> None:
    value = {"language": "en", "prompt": "x", "response_format": "json", "temperature": "0", "stream": "false"}[field]
    refused(gateway, gateway.post(MODEL, (field, value), (field, value), ("file", ("a.wav", SPEECH))), field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "EN-us-x"), ("language", "e"), ("language", "xx1"), ("language", "en\0"),
        ("response_format", "JSON"), ("temperature", "inf"), ("temperature", "1e400"), ("temperature", "0x1"),
        ("temperature", "0,5"), ("stream", "maybe"), ("stream", "2"), ("timestamp_granularities[]", "letter"),
        ("chunking_strategy", "random"), ("chunking_strategy[type]", "client_vad"), ("response_format", ("x", b"json")),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_option_is_named(gateway: Gateway, field: str, value: Any) -> None:
    answer = gateway.post(MODEL, ("file", ("speech.wav", SPEECH)), (field, value))
    refused(gateway, answer, field.partition("[")[0])


@pytest.mark.parametrize(
    ("model_id", "options", "param"),
    [
        ("whisper-1", [("response_format", "diarized_json")], "response_format"),
        ("whisper-1", [("include[]", "logprobs")], "include"),
        ("gpt-4o-transcribe", [("response_format", "srt")], "response_format"),
        ("gpt-4o-transcribe", [("response_format", "verbose_json")], "response_format"),
        ("gpt-4o-transcribe-diarize", [("prompt", "x")], "prompt"),
        ("gpt-4o-transcribe-diarize", [("response_format", "vtt")], "response_format"),
        ("gpt-transcribe", [("response_format", "diarized_json")], "response_format"),
    ],
    ids=lambda value: "" if isinstance(value, list) else value,
)
def test_what_a_model_of_openai_cannot_do_is_refused_with_those_that_can(
    model_id: str, options: list[tuple[str, str]], param: str
) -> None:
    entry = {"provider": "p", "endpoints": ["transcriptions"], "price": {"usd_per_minute": "0"}}
    names = ["whisper-1", "gpt-4o-transcribe", "gpt-4o-transcribe-diarize", "gpt-transcribe"]
    catalogue = {
        "providers": {"p": {"adapter": "openai", "base_url": "https://h"}},
        "models": [{"id": name, **entry} for name in names],
    }
    gateway = Gateway(*build_catalog(catalogue, "test").models.values())
    answer = gateway.post(("model", model_id), *options, ("file", ("a.wav", SPEECH)))
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, param, "unsupported_value")
    assert model_id in answer.error["message"]
    assert gateway.provider.asked == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["nobody", "speaker", "talker\0", "../talker", " "])
def test_an_unknown_model_or_one_of_another_kind_is_a_404(path: str, name: str) -> None:
    gateway = Gateway(model(), model("speaker", endpoints=frozenset({"speech"})))
    answer = gateway.post(("model", name), ("file", ("a.wav", SPEECH)), path=path)
    assert (answer.status, answer.error["param"], answer.error["code"]) == (404, "model", "model_not_found")
    assert "talker" in answer.error["message"]
    assert gateway.provider.asked == []


@pytest.mark.parametrize(
    "filename",
    ["..", "../../etc/passwd", "/etc/passwd", "C:\\x.wav", "a" * 1_000, "%0d%0aX: y", "\N{GRINNING FACE}.wav", "",
     "x.exe", "%00.wav"],
)  # fmt: skip
def test_a_filename_means_nothing(gateway: Gateway, filename: str) -> None:
    assert gateway.post(MODEL, ("file", (filename, SPEECH))).status == 200


# ---------------------------------------------------------------- bodies that are no form


def part(disposition: str, data: bytes) -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + data + b"\r\n"


def form(*fields: tuple[str, str]) -> bytes:
    return b"".join(part(f'form-data; name="{name}"', value.encode()) for name, value in fields)


FILE = part('form-data; name="file"; filename="a.wav"', SPEECH)
GOOD_FORM = form(MODEL) + FILE + END


def send(gateway: Gateway, body: bytes, content_type: str | None = FORM) -> Answer:
    headers = {"Content-Type": content_type} if content_type else {}
    return call(gateway.handlers[PATHS[0]], event("POST", PATHS[0], body, headers=headers))


def test_the_form_of_these_tests_is_right(gateway: Gateway) -> None:
    assert send(gateway, GOOD_FORM).status == 200


@pytest.mark.parametrize(
    "disposition",
    ['form-data; name="file"; filename="a\r\nX-Evil: yes"', 'form-data; name="file"; filename="a\0b.wav"',
     'form-data; name="fi\0le"; filename="a.wav"', 'form-data; filename="a.wav"', 'attachment; name="file"', ""],
    ids=["CRLF", "NUL in the filename", "NUL in the name", "no name", "attachment", "empty"],
)  # fmt: skip
def test_a_part_with_a_broken_head_is_refused(gateway: Gateway, disposition: str) -> None:
    answer = send(gateway, form(MODEL) + part(disposition, SPEECH) + END)
    assert answer.status == 400, answer.body
    assert "x-evil" not in answer.headers
    assert gateway.provider.asked == []


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        (None, GOOD_FORM, 415),
        ("application/octet-stream", SPEECH, 415),
        ("audio/wav", SPEECH, 415),
        ("application/x-www-form-urlencoded", b"model=talker&file=a.wav", 415),
        ("multipart/mixed; boundary=x", b"--x--", 415),
        ("multipart/form-data", GOOD_FORM, 400),
        ("multipart/form-data; boundary=", GOOD_FORM, 400),
        ("multipart/form-data; boundary=other", GOOD_FORM, 400),
        ("multipart/form-data; boundary=" + "x" * 300, b"--" + b"x" * 300 + b"--\r\n", 400),
        (FORM, b"", 400),
        (FORM, b"\0" * 1_000, 400),
        (FORM, END, 400),
        (FORM, GOOD_FORM[: len(GOOD_FORM) // 2], 400),
        (FORM, GOOD_FORM[:-6], 400),
        (FORM, f"--{BOUNDARY}\r\n".encode() * 10, 400),
        (FORM, form(*[("x", "y")] * 500) + END, 400),
        (FORM, form(*[(f"x{i}", "y") for i in range(500)], MODEL) + FILE + END, 400),
    ],
    ids=["no type", "octet-stream", "audio", "urlencoded", "mixed", "no boundary", "empty boundary",
         "another boundary", "long boundary", "empty", "zeros", "no parts", "half", "no end", "boundaries only",
         "one field 500 times", "500 fields"],
)  # fmt: skip
def test_a_body_that_is_no_form_is_refused(
    gateway: Gateway, content_type: str | None, body: bytes, status: int
) -> None:
    answer = send(gateway, body, content_type)
    assert (answer.status, answer.error["type"]) == (status, "invalid_request_error")
    assert gateway.provider.asked == []
