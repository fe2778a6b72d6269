"""Uploads that are wrong: each answers the right 4xx naming the field, and no provider hears of it."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.sound import ENCODINGS, clip, encode, silent_flac, tone_wav, wav
from tests.stack.sdk.wire import BOUNDARY, FORM, Answer, Field, Wire, form, part, status_of

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("never_reaches_a_provider")]

MODEL = ("model", "fake-stt")
SPEECH = tone_wav(1.0)
PATHS = ["/audio/transcriptions", "/audio/translations"]


def upload(wire: Wire, data: bytes, *more: Field, path: str = PATHS[0]) -> Answer:
    return wire.transcription(MODEL, *more, ("file", ("speech.wav", data)), path=path)


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
    "mp3 of a hundred bytes": lambda: _mp3()[:100],
    "flac header alone": lambda: silent_flac(10)[:42],
    "ogg header alone": lambda: encode(clip("austen-0880"), ENCODINGS["ogg opus 16 kHz"])[:60],
    "mp4 without its index": lambda: encode(clip("austen-0880"), ENCODINGS["mp4 32 kHz"])[:8_000],
    "webm header alone": lambda: encode(clip("austen-0880"), ENCODINGS["webm opus 48 kHz"])[:60],
    "id3 and nothing": lambda: b"ID3\x04\0\0\0\0\0\0" + bytes(500),
    "id3 of two gigabytes": lambda: b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(500),
    "half a second of noise in mp3's clothes": lambda: b"\xff\xfb\x90\x64" + random.Random(5).randbytes(5_000),
}

LENGTHS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a twentieth of a second": (lambda: tone_wav(0.05), "audio_too_short"),
    "one sample": (lambda: wav(b"\1\0"), "audio_too_short"),
    "fifty hours of silence in a third of a megabyte": (lambda: silent_flac(50 * 3600), "input_too_long"),
    "gigabytes of samples in a megabyte": (lambda: silent_flac(3_600, 96_000, 8), "input_too_long"),
    "hundred gigabytes of samples in four megabytes": (lambda: silent_flac(7_000, 655_350, 8), "input_too_long"),
}


@pytest.fixture(autouse=True)
def works_afterwards(wired_wire: Wire, never_reaches_a_provider: Any) -> Any:
    """Whatever was sent, the next request is answered."""
    yield
    for _ in range(2):  # a busy machine may keep the first waiting for its table
        answer = wired_wire.transcription(("model", "pocketsphinx"), ("file", ("a.wav", SPEECH)))
        if answer.status != 503:
            break
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("name", NOT_AUDIO)
@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_audio_is_refused(wired_wire: Wire, name: str, path: str) -> None:
    answer = upload(wired_wire, NOT_AUDIO[name](), path=path)
    assert answer.status == 400, answer.body
    assert answer.error["param"] == "file"
    assert answer.error["type"] == "invalid_request_error"
    assert b"passwd" not in answer.body


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_decoded_is_refused(wired_wire: Wire, name: str) -> None:
    answer = upload(wired_wire, BROKEN[name]())
    assert answer.status == 400, answer.body
    assert answer.error["param"] == "file"


@pytest.mark.parametrize("name", LENGTHS)
def test_what_is_too_short_or_too_long_is_refused(wired_wire: Wire, name: str) -> None:
    make, code = LENGTHS[name]
    answer = upload(wired_wire, make())
    assert answer.status == 400, answer.body
    assert (answer.error["param"], answer.error["code"]) == ("file", code)


def test_the_kinds_of_files_are_named(wired_wire: Wire) -> None:
    message = upload(wired_wire, b"just text, no audio at all").error["message"]
    assert all(kind in message for kind in ("flac", "m4a", "mp3", "ogg", "wav", "webm"))


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", b"\x00\xf0\xff\x7f"], ids=["as OpenAI's own", "as sox's"])
def test_a_streamed_wav_that_does_not_know_its_length_is_measured(
    wired_wire: Wire, allow_calls: Any, size: bytes
) -> None:
    allow_calls()
    answer = upload(wired_wire, lying_wav(at_4=size, at_40=size), ("response_format", "verbose_json"))
    assert answer.status == 200, answer.body
    assert answer.json["duration"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("claimed", [0.5, 1.5, 3600], ids=["half of it", "half more", "an hour"])
def test_a_wav_that_lies_about_its_length_is_refused(wired_wire: Wire, claimed: float) -> None:
    answer = upload(wired_wire, lying_wav(at_40=int(claimed * 32_000).to_bytes(4, "little")))
    assert answer.status == 400, answer.body
    assert answer.error["param"] == "file"


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.8])
def test_a_truncated_mp3_is_refused_with_what_is_missing(wired_wire: Wire, kept: float) -> None:
    whole = _mp3()
    answer = upload(wired_wire, whole[: int(len(whole) * kept)])
    assert answer.status == 400, answer.body
    assert answer.error["param"] == "file"
    assert "2.99 s" in answer.error["message"]


def test_a_piece_of_an_mp3_stream_is_worth_what_can_be_heard(wired_wire: Wire, allow_calls: Any) -> None:
    whole = _mp3()
    allow_calls()
    answer = upload(wired_wire, whole[len(whole) // 3 : len(whole) * 2 // 3], ("response_format", "verbose_json"))
    assert answer.status == 200, answer.body
    assert answer.json["duration"] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("path", PATHS)
def test_a_missing_file_is_named(wired_wire: Wire, path: str) -> None:
    answer = wired_wire.transcription(MODEL, path=path)
    assert (answer.status, answer.error["param"]) == (400, "file")


@pytest.mark.parametrize("path", PATHS)
def test_a_missing_model_is_named(wired_wire: Wire, path: str) -> None:
    answer = wired_wire.transcription(("file", ("a.wav", SPEECH)), path=path)
    assert (answer.status, answer.error["param"]) == (400, "model")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("value", ["a.wav", ""], ids=["a name", "nothing"])
def test_text_where_a_file_belongs_is_named(wired_wire: Wire, path: str, value: str) -> None:
    answer = wired_wire.transcription(MODEL, ("file", value), path=path)
    assert (answer.status, answer.error["param"]) == (400, "file")


def test_a_file_where_text_belongs_is_named(wired_wire: Wire) -> None:
    answer = wired_wire.transcription(("model", ("m.txt", b"fake-stt")), ("file", ("a.wav", SPEECH)))
    assert (answer.status, answer.error["param"]) == (400, "model")


@pytest.mark.parametrize(
    ("field", "value"),
    [("model", "fake-stt"), ("language", "en"), ("prompt", "x"), ("response_format", "json"), ("temperature", "0"),
     ("stream", "false"), ("file", ("b.wav", SPEECH))],
    ids=lambda value: value if isinstance(value, str) else "file",
)  # fmt: skip
def test_a_field_that_comes_twice_is_named(wired_wire: Wire, field: str, value: Any) -> None:
    answer = upload(wired_wire, SPEECH, *([(field, value)] * (1 if field in ("model", "file") else 2)))
    assert (answer.status, answer.error["param"]) == (400, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "english"), ("language", "EN-us-x"), ("language", "e"), ("language", "xx1"), ("language", "en\0"),
        ("response_format", "xml"), ("response_format", "JSON"), ("response_format", "diarized_json"),
        ("temperature", "warm"), ("temperature", "1.01"), ("temperature", "-0.01"), ("temperature", "nan"),
        ("temperature", "inf"), ("temperature", "1e400"), ("temperature", "0x1"), ("temperature", "0,5"),
        ("stream", "maybe"), ("stream", "2"),
        ("timestamp_granularities[]", "letter"), ("timestamp_granularities[]", "word"),
        ("include[]", "everything"), ("include[]", "logprobs"),
        ("keywords[]", "Austen"), ("languages[]", "en"),
        ("chunking_strategy", "random"), ("chunking_strategy[type]", "client_vad"),
        ("known_speaker_names[]", "Jane"), ("prompt", b"\xff\xfe"), ("response_format", ("x", b"json")),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_option_is_named(wired_wire: Wire, field: str, value: Any) -> None:
    answer = upload(wired_wire, SPEECH, (field, value))
    assert answer.status == 400, answer.body
    named = answer.error["param"] or ""
    assert named.partition("[")[0].replace("references", "names") == field.partition("[")[0]


@pytest.mark.parametrize(
    ("model", "options", "param"),
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
    wired_wire: Wire, model: str, options: list[Field], param: str
) -> None:
    answer = wired_wire.transcription(("model", model), *options, ("file", ("a.wav", SPEECH)))
    assert answer.status == 400, answer.body
    assert (answer.error["param"], answer.error["code"]) == (param, "unsupported_value")
    assert model in answer.error["message"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("model", ["nobody", "fake-tts", "fake-stt\0", "../fake-stt", " "])
def test_an_unknown_model_or_one_of_another_kind_is_a_404(wired_wire: Wire, path: str, model: str) -> None:
    answer = wired_wire.transcription(("model", model), ("file", ("a.wav", SPEECH)), path=path)
    assert answer.status == 404, answer.body
    assert (answer.error["param"], answer.error["code"]) == ("model", "model_not_found")
    assert "fake-stt" in answer.error["message"]


@pytest.mark.parametrize("filename", ["..", "../../etc/passwd", "/etc/passwd", "C:\\x.wav", "a" * 1_000, "%0d%0aX: y",
                                      "\N{GRINNING FACE}.wav", "", "x.exe", "%00.wav"])  # fmt: skip
def test_a_filename_means_nothing(wired_wire: Wire, allow_calls: Any, filename: str) -> None:
    allow_calls()
    answer = wired_wire.transcription(MODEL, ("file", (filename, SPEECH)))
    assert answer.status == 200, answer.body


@pytest.mark.parametrize(
    "disposition",
    ['form-data; name="file"; filename="a\r\nX-Evil: yes"', 'form-data; name="file"; filename="a\0b.wav"',
     'form-data; name="fi\0le"; filename="a.wav"', 'form-data; filename="a.wav"', 'attachment; name="file"', ""],
    ids=["CRLF", "NUL in the filename", "NUL in the name", "no name", "attachment", "empty"],
)  # fmt: skip
def test_a_part_with_a_broken_head_is_refused(wired_wire: Wire, disposition: str) -> None:
    body = form(MODEL).removesuffix(f"--{BOUNDARY}--\r\n".encode()) + part(disposition, SPEECH)
    answer = wired_wire.call("POST", PATHS[0], body + f"--{BOUNDARY}--\r\n".encode(), {"content-type": FORM})
    assert answer.status == 400, answer.body
    assert "x-evil" not in answer.headers


GOOD_FORM = form(MODEL, ("file", ("a.wav", SPEECH)))


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        (None, GOOD_FORM, 415),
        ("application/octet-stream", SPEECH, 415),
        ("audio/wav", SPEECH, 415),
        ("text/plain", b"hi", 415),
        ("application/x-www-form-urlencoded", b"model=fake-stt&file=a.wav", 415),
        ("multipart/mixed; boundary=x", b"--x--", 415),
        ("multipart/form-data", GOOD_FORM, 400),
        ("multipart/form-data; boundary=", GOOD_FORM, 400),
        ("multipart/form-data; boundary=other", GOOD_FORM, 400),
        ("multipart/form-data; boundary=" + "x" * 300, b"--" + b"x" * 300 + b"--\r\n", 400),
        (FORM, b"", 400),
        (FORM, b"\0" * 1_000, 400),
        (FORM, f"--{BOUNDARY}--\r\n".encode(), 400),
        (FORM, GOOD_FORM[: len(GOOD_FORM) // 2], 400),
        (FORM, GOOD_FORM[:-6], 400),
        (FORM, f"--{BOUNDARY}\r\n".encode() * 10, 400),
        (FORM, form(*[("x", "y")] * 500), 400),
        (FORM, form(*[(f"x{i}", "y") for i in range(500)], MODEL, ("file", ("a.wav", SPEECH))), 400),
    ],
    ids=["no type", "octet-stream", "audio", "text", "urlencoded", "mixed", "no boundary", "empty boundary",
         "another boundary", "long boundary", "empty", "zeros", "no parts", "half", "no end", "boundaries only",
         "one field 500 times", "500 fields"],
)  # fmt: skip
def test_a_body_that_is_no_form_is_refused(
    wired_wire: Wire, content_type: str | None, body: bytes, status: int
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    answer = wired_wire.call("POST", PATHS[0], body, headers)
    assert answer.status == status, answer.body
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize("megabytes", [5, 7, 9.9, 10.6, 26])
def test_a_body_over_the_platform_s_limits_is_a_413(wired_wire: Wire, megabytes: float) -> None:
    answer = upload(wired_wire, wav(bytes(int(megabytes * 1_000_000) // 2 * 2)))
    assert answer.status == 413
    assert answer.error["message"]


def test_the_largest_body_that_the_platform_takes_is_taken(wired_wire: Wire, allow_calls: Any) -> None:
    allow_calls()
    data = wav(os.urandom(4_300_000), 48_000)
    answer = upload(wired_wire, data)
    assert answer.status == 200, answer.body


def test_a_form_may_come_in_chunks_of_any_size(wired_wire: Wire, allow_calls: Any) -> None:
    allow_calls()
    pieces = [GOOD_FORM[i : i + 997] for i in range(0, len(GOOD_FORM), 997)]
    answer = wired_wire.call("POST", PATHS[0], iter(pieces), {"content-type": FORM}, chunked=True)
    assert answer.status == 200, answer.body


def test_too_many_chunks_for_the_platform_are_a_413(wired_wire: Wire) -> None:
    pieces = iter([form(MODEL)[:-30], *[bytes(500_000)] * 24])
    answer = wired_wire.call("POST", PATHS[0], pieces, {"content-type": FORM}, chunked=True)
    assert answer.status == 413


def test_a_length_that_cuts_the_form_is_a_400(wired_wire: Wire) -> None:
    length = len(GOOD_FORM) - 40
    head = wired_wire.head("POST", PATHS[0], Content_Type=FORM, Content_Length=str(length), Connection="close")
    assert status_of(wired_wire.exchange(head + GOOD_FORM[:length])) == 400


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_that_is_cut_off_reaches_nobody(wired_wire: Wire, kept: float, chunked: bool) -> None:
    piece = GOOD_FORM[: int(len(GOOD_FORM) * kept)]
    if chunked:
        head = wired_wire.head("POST", PATHS[0], Content_Type=FORM, Transfer_Encoding="chunked")
        answer = wired_wire.exchange(head + f"{len(piece):x}\r\n".encode() + piece + b"\r\n", hang_up=True)
    else:
        head = wired_wire.head("POST", PATHS[0], Content_Type=FORM, Content_Length=str(len(GOOD_FORM)))
        answer = wired_wire.exchange(head + piece, hang_up=True)
    assert status_of(answer) in (None, 400)


def test_a_length_and_chunks_at_once_are_not_read_two_ways(wired_wire: Wire) -> None:
    head = wired_wire.head(
        "POST", PATHS[0], Content_Type=FORM, Content_Length="5", Transfer_Encoding="chunked", Connection="close"
    )
    smuggled = b"0\r\n\r\n" + wired_wire.head("GET", "/models")
    answer = wired_wire.exchange(head + smuggled, hang_up=True)
    assert answer.count(b"HTTP/1.1 200") == 0


def test_the_table_of_wrong_uploads_starts_from_a_right_one(wired_wire: Wire, upstream: Any, allow_calls: Any) -> None:
    allow_calls()
    assert upload(wired_wire, SPEECH).status == 200
    assert upload(wired_wire, SPEECH, path=PATHS[1]).status == 200
    assert len(upstream.requests) == 2
