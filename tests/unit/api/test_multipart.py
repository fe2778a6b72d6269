"""The multipart reader accepts the bodies of all clients and refuses malformed ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.api.http.multipart import parse_form
from audio_gateway.errors import InvalidRequest, UnsupportedContentType

BOUNDARY = "boundary-7f3a"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(disposition: str, data: bytes, more: str = "") -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{more}\r\n"
    return head.encode() + data + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def test_parts_are_read_in_any_order() -> None:
    one = part('form-data; name="model"', b"m")
    two = part('form-data; name="file"; filename="a.wav"', b"RIFF", "Content-Type: audio/wav\r\n")
    for body in (one + two, two + one):
        form = parse_form(TYPE, body + END)
        assert (form.text("model"), form.file("file")) == ("m", b"RIFF")
        assert form.left() == ()


def test_arrays_come_as_name_with_and_without_brackets() -> None:
    body = b"".join(
        part(f'form-data; name="{name}"', value) for name, value in [("a[]", b"1"), ("a", b"2"), ("a[]", b"3")]
    )
    assert parse_form(TYPE, body + END).texts("a") == ("1", "3", "2")


def test_objects_come_as_members() -> None:
    body = part('form-data; name="c[type]"', b"server_vad") + part('form-data; name="c[threshold]"', b"0.5")
    assert parse_form(TYPE, body + END).members("c") == {"type": "server_vad", "threshold": "0.5"}


@pytest.mark.parametrize("filename", ["a b é.wav", "..%2F..%2Fetc", "../../etc/passwd", "%22%0D%0AX: y", "", "音.mp3"])
def test_any_filename_makes_a_part_a_file(filename: str) -> None:
    form = parse_form(TYPE, part(f'form-data; name="file"; filename="{filename}"', b"\x00\xff\r\n--x") + END)
    assert form.file("file") == b"\x00\xff\r\n--x"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not a form",
        END,
        part('form-data; name="a"', b"1"),
        part('form-data; name="a"', b"1")[:-5],
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"'.encode(),
        part("form-data", b"1") + END,
        part('attachment; name="a"', b"1") + END,
        part('form-data; name="a\x00b"; filename="x"', b"1") + END,
        part('form-data; name="file"; filename="a\r\nX-Evil: yes"', b"1") + END,
        b"".join(part(f'form-data; name="n{i}"', b"1") for i in range(300)) + END,
    ],
)
def test_a_malformed_or_cut_off_form_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_form(TYPE, body).file("file")


@pytest.mark.parametrize(
    "name", [r"a\"b.wav", r"a\"b\".wav", r"C:\dir\a.wav", r"C:\\", "C:\\", "a%22b.wav", "ü;name=x"]
)
def test_a_file_may_have_any_name_that_clients_know_to_send(name: str) -> None:
    assert parse_form(TYPE, part(f'form-data; name="file"; filename="{name}"', b"1") + END).file("file") == b"1"


@pytest.mark.parametrize(
    ("disposition", "more", "data"),
    [
        ("form-data; name=\"file\"; filename*=UTF-8''na%C3%AFve.wav", "", b"RIFF"),
        ('form-data; name="file"; filename*0="a"; filename*1=".wav"', "", b"RIFF"),
        ("form-data; filename*=UTF-8''a.wav; name=\"file\"", "Content-Type: audio/wav\r\n", b"RIFF"),
        ('form-data; name="file"', "Content-Type: audio/wav\r\n", b"RIFF"),
        (r'form-data; x="a\"b"; name="file"; filename="c"', "", b"RIFF"),
        ('form-data; name="file"', "Content-Type: application/octet-stream\r\n", b"\xff\xfb\x90"),
        ('form-data; name="file"', "", b"\xff\xfb\x90"),
    ],
)
def test_the_part_named_file_is_the_file_however_clients_say_so(disposition: str, more: str, data: bytes) -> None:
    assert parse_form(TYPE, part(disposition, data, more) + END).file("file") == data


def test_a_name_that_looks_like_a_filename_makes_no_file() -> None:
    form = parse_form(TYPE, part("form-data; name=\"a; filename*=UTF-8''b\"", b"text") + END)
    assert form.text("a; filename*=UTF-8''b") == "text"


def test_a_text_field_may_declare_its_type() -> None:
    form = parse_form(TYPE, part('form-data; name="model"', b"m", "Content-Type: text/plain; charset=UTF-8\r\n") + END)
    assert form.text("model") == "m"


@pytest.mark.parametrize(
    "preamble",
    [
        b"\r\n",
        b"This is a multi-part message in MIME format.\r\n",
        b"two\r\nlines\r\n\r\n",
        f"not at the beginning of a line --{BOUNDARY}\r\n".encode(),
        f"--{BOUNDARY}-and-more\r\n".encode(),
    ],
)
def test_text_before_the_first_boundary_and_after_the_last_is_ignored(preamble: bytes) -> None:
    form = parse_form(TYPE, preamble + part('form-data; name="a"', b"1") + END + b"behind\r\n")
    assert form.text("a") == "1"
    assert form.left() == ()


@pytest.mark.parametrize("content_type", [None, "", "application/json", "multipart/mixed; boundary=x", "nonsense;;;"])
def test_another_content_type_is_refused(content_type: str | None) -> None:
    with pytest.raises(UnsupportedContentType):
        parse_form(content_type, b"")


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 500}"],
)
def test_a_boundary_that_is_missing_or_too_long_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_form(content_type, END)


def test_text_in_place_of_a_file_and_a_file_in_place_of_text_are_named() -> None:
    body = part('form-data; name="file"', b"hello") + part('form-data; name="model"; filename="m"', b"m") + END
    form = parse_form(TYPE, body)
    with pytest.raises(InvalidRequest, match="'file' was sent as text"):
        form.file("file")
    with pytest.raises(InvalidRequest, match="'model' was sent as a file"):
        form.text("model")


def test_a_scalar_that_came_twice_is_named() -> None:
    body = part('form-data; name="model"', b"a") * 2 + END
    with pytest.raises(InvalidRequest, match="'model' was sent 2 times") as caught:
        parse_form(TYPE, body).text("model")
    assert caught.value.param == "model"


def test_text_that_is_not_utf_8_is_named() -> None:
    with pytest.raises(InvalidRequest, match="'prompt'"):
        parse_form(TYPE, part('form-data; name="prompt"', b"\xff\xfe") + END)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda text: BOUNDARY not in text)
NAME = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)


@given(st.lists(st.tuples(NAME, TEXT), max_size=12))
def test_every_value_survives_byte_for_byte(fields: list[tuple[str, str]]) -> None:
    body = b"".join(part(f'form-data; name="{name}"', value.encode()) for name, value in fields)
    form = parse_form(TYPE, body + END)
    for name in dict.fromkeys(name for name, _ in fields):
        assert form.texts(name) == tuple(value for other, value in fields if other == name)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_form_or_an_error_of_ours(body: bytes) -> None:
    for candidate in (body, part('form-data; name="a"', body), part('form-data; name="a"; filename="b"', body) + END):
        try:
            parse_form(TYPE, candidate).left()
        except InvalidRequest:
            continue


@given(st.binary(max_size=300), st.integers(0, 500))
def test_a_form_cut_anywhere_is_never_taken_for_whole(data: bytes, keep: int) -> None:
    whole = part('form-data; name="file"; filename="a"', data.replace(b"--" + BOUNDARY.encode(), b"")) + END
    cut = whole[: min(keep, len(whole) - 4)]
    with pytest.raises(InvalidRequest):
        parse_form(TYPE, cut).file("file")
