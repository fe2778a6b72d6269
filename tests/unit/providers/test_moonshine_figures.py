"""The vocabulary of Moonshine, and the figures of its segments."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from audio_gateway.audio.speech_pieces import SpeechPiece
from audio_gateway.engine_files import engine_file
from audio_gateway.providers.embedded.moonshine.figures import Doubt, with_figures
from audio_gateway.providers.embedded.moonshine.model import Token
from audio_gateway.providers.embedded.moonshine.tokens import read_vocabulary
from audio_gateway.transcripts.transcript import Segment


def test_each_token_has_its_bytes(tmp_path: Path) -> None:
    long = b"x" * 300
    entries = [b"<unk>", b"<s>", b"</s>", "\N{LOWER ONE EIGHTH BLOCK}It".encode(), b"<0xE2>", b"<<ST_1>>", b"", long]
    file = tmp_path / "tokenizer.bin"
    file.write_bytes(
        b"".join(
            (bytes((128 + len(entry) % 128, len(entry) // 128)) if len(entry) > 127 else bytes((len(entry),))) + entry
            for entry in entries
        )
    )
    assert read_vocabulary(file) == (b"", b"", b"", b" It", b"\xe2", b"", b"", long)


def test_the_model_s_vocabulary_has_32768_tokens() -> None:
    vocabulary = read_vocabulary(engine_file("moonshine", "tokenizer.bin"))
    assert len(vocabulary) == 32_768
    assert {b" the", b"."} <= set(vocabulary)


def token(number: int, text: str, logprob: float) -> Token:
    return Token(number, text.encode(), logprob)


TOKENS = [token(5, "Caf\N{LATIN SMALL LETTER E WITH ACUTE}", -0.1), token(6, ".", -0.3), token(7, " O", -0.2),
          token(8, "h", -0.4), token(9, "!", -0.6)]  # fmt: skip


def doubt(*pieces: tuple[int, tuple[float, ...]]) -> Doubt:
    made = Doubt()
    for start_ms, probabilities in pieces:
        made.add(SpeechPiece(start_ms, b"", probabilities, goes_on=False))
    return made


def test_each_segment_has_the_figures_of_its_own_tokens() -> None:
    segments = [Segment("Caf\N{LATIN SMALL LETTER E WITH ACUTE}.", 0, 64), Segment("Oh!", 64, 128)]
    first, second = with_figures(segments, TOKENS, doubt((0, (1.0, 0.8, 0.5, 0.5))))
    assert (first.tokens, second.tokens) == ((5, 6), (7, 8, 9))
    assert [first.avg_logprob, second.avg_logprob] == pytest.approx([-0.2, -0.4])
    assert [first.no_speech_prob, second.no_speech_prob] == pytest.approx([0.1, 0.5])
    assert second.compression_ratio == 3 / len(zlib.compress(b"Oh!"))


def test_no_segments_have_no_figures() -> None:
    assert list(with_figures([], [], doubt())) == []


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "expected"),
    [(0, 64, 0.1), (32, 64, 0.2), (1_000, 1_032, 0.4), (0, 2_000, 0.25), (500, 600, 0.0), (33, 33, 0.0)],
    ids=["a piece", "a part", "a later piece", "all", "between pieces", "no time"],
)
def test_doubt_is_the_mean_over_the_time(start_ms: int, end_ms: int, expected: float) -> None:
    heard = doubt((0, (1.0, 0.8)), (1_000, (0.6, 0.6)))
    assert heard.between(start_ms, end_ms) == pytest.approx(expected)
