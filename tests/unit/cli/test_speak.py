"""`audio-gateway speak` with a fake gateway."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from openai import InternalServerError

from audio_gateway.cli.api_options import api_errors_reported
from audio_gateway.cli.failures import CommandFailed
from tests.fakes.job_gateway import FakeGateway
from tests.unit.cli.operator import run


def test_a_text_is_spoken_into_a_file(gateway: FakeGateway) -> None:
    run("speak", "Hello.", "-o", "out.mp3")
    assert Path("out.mp3").read_bytes() == b"RIFF6"
    assert gateway.seen[-1].json == {"model": "talker", "voice": "alloy", "input": "Hello.", "response_format": "mp3"}
    assert not list(Path().glob("*.part"))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [(["-o", "a.wav"], "wav"), (["-o", "a.ogg"], "opus"), (["-o", "-"], "mp3"), (["-o", "a", "-f", "flac"], "flac")],
)
def test_the_extension_selects_the_format(gateway: FakeGateway, options: list[str], wanted: str) -> None:
    run("speak", "Hello.", "-m", "m", *options)
    assert gateway.seen[-1].json["response_format"] == wanted


def test_a_file_and_stdin_are_read(gateway: FakeGateway) -> None:
    Path("text.txt").write_text("\ufeffFrom a file: é.", "utf-8")
    run("speak", "text.txt", "-o", "a.mp3", "-m", "m")
    assert run("speak", "-", "-o", "-", "-m", "m", answer="From stdin.").stdout == "RIFF11"
    assert [seen.json["input"] for seen in gateway.seen] == ["From a file: é.", "From stdin."]


def test_options_are_sent(gateway: FakeGateway) -> None:
    run("speak", "Hi.", "-o", "a.mp3", "-m", "m", "-v", "nova", "--speed", "1.5", "--instructions", "Kindly.")
    sent = gateway.seen[-1].json
    assert (sent["voice"], sent["speed"], sent["instructions"]) == ("nova", 1.5, "Kindly.")


def test_a_long_text_becomes_a_job(gateway: FakeGateway) -> None:
    Path("book.txt").write_text("A sentence. " * 1000)
    run("speak", "book.txt", "-o", "book.mp3", "-m", "m")
    assert Path("book.mp3").read_bytes() == b"RIFF12000"
    assert len(gateway.jobs) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Hi.", "-o", "a.xyz"], "--format"),
        (["Hi.", "-o", "a"], "--format"),
        (["Hi.", "-o", "old.mp3"], "--force"),
        (["Hi.", "-o", "nowhere/a.mp3"], "nowhere"),
        (["Hi.", "-o", "."], "folder"),
        ([" ", "-o", "a.mp3"], "empty"),
        (["binary", "-o", "a.mp3"], "UTF-8"),
    ],
)
def test_an_invalid_command_line_is_refused_before_anything_is_sent(
    gateway: FakeGateway, arguments: list[str], message: str
) -> None:
    Path("old.mp3").write_text("old")
    Path("binary").write_bytes(b"\xff\xfe\x00")
    assert message in run("speak", *arguments, "-m", "m", code=2).stderr
    assert not gateway.seen
    assert Path("old.mp3").read_text() == "old"


@pytest.mark.parametrize(
    "text", ["missing.txt", "books/emma", "./emma", "~/emma", "my book.txt", "folder", "C:\\emma.txt"]
)
def test_a_text_that_looks_like_a_missing_file_is_not_spoken(gateway: FakeGateway, text: str) -> None:
    Path("folder").mkdir()
    assert "--text" in run("speak", text, "-o", "a.mp3", "-m", "m", code=2).stderr
    assert not gateway.seen
    run("speak", text, "--text", "-o", "a.mp3", "-m", "m")
    assert gateway.seen[-1].json["input"] == text


@pytest.mark.parametrize("text", ["Hello.", "Hello", "Wait... what?", "1.5 or 2/3 cups", "See example.com."])
def test_a_text_that_looks_like_words_is_spoken(gateway: FakeGateway, text: str) -> None:
    run("speak", text, "-o", "a.mp3", "-m", "m")
    assert gateway.seen[-1].json["input"] == text


def test_an_error_leaves_no_file(gateway: FakeGateway) -> None:
    gateway.next("/v1/audio/speech", "429:no")
    error = run("speak", "Hi.", "-o", "a.mp3", "-m", "m", code=1).stderr
    assert "It is told_to." in error
    assert "limit" in error
    assert not list(Path().iterdir())


@pytest.mark.parametrize(("headers", "advised"), [({}, True), ({"x-should-retry": "false"}, False)])
def test_a_retry_is_suggested_only_if_it_may_help(headers: dict[str, str], advised: bool) -> None:
    answer = httpx2.Response(502, headers=headers, request=httpx2.Request("POST", "http://127.0.0.1/v1/audio/speech"))
    with pytest.raises(CommandFailed) as caught, api_errors_reported():
        raise InternalServerError("The provider fails.", response=answer, body=None)
    assert ("Try again later." in str(caught.value)) is advised
