"""SubRip and WebVTT: what a player reads is what was said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.transcripts.subtitles import srt, vtt
from audio_gateway.transcripts.transcript import Segment

Cue = tuple[int, int, str]
CLOCK = r"(\d{2,}):([0-5]\d):([0-5]\d)"


def milliseconds(hours: str, minutes: str, seconds: str, thousandths: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(thousandths)


def parse_cue(timing: str, text: str, point: str) -> Cue:
    clock = CLOCK + re.escape(point) + r"(\d{3})"
    found = re.fullmatch(f"{clock} --> {clock}", timing)
    assert found, timing
    return milliseconds(*found.groups()[:4]), milliseconds(*found.groups()[4:]), text


def parse_srt(file: str) -> list[Cue]:
    assert file.endswith("\n")
    blocks = file[:-1].split("\n\n")
    assert blocks.pop() == ""
    cues = []
    for number, block in enumerate(blocks, start=1):
        index, timing, text = block.split("\n")
        assert index == str(number)
        cues.append(parse_cue(timing, text, ","))
    return cues


def parse_vtt(file: str) -> list[Cue]:
    header, *blocks = file.split("\n\n")
    assert header == "WEBVTT"
    assert blocks.pop() == ""
    cues = []
    for block in blocks:
        timing, text = block.split("\n")
        assert "-->" not in text
        assert "<" not in text
        assert not re.search("&(?!amp;|lt;|gt;)", text)
        plain = text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
        cues.append(parse_cue(timing, plain, "."))
    return cues


texts = st.text(st.characters(codec="utf-8") | st.sampled_from("\n\r\v\x85\u2028 ->&<;"), max_size=20)
segments = st.lists(st.builds(Segment, texts, st.integers(-5, 500_000_000), st.integers(-5, 500_000_000)), max_size=6)


def shown(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


@given(segments)
def test_both_files_parse_back_to_the_cues_that_were_spoken(spoken: list[Segment]) -> None:
    in_order = sorted(spoken, key=lambda s: s.start_ms)
    expected = [(max(0, s.start_ms), shown(s.text)) for s in in_order if s.text.strip()]
    for cues in (parse_srt(srt(spoken)), parse_vtt(vtt(spoken))):
        assert [(start, text) for start, _, text in cues] == expected


@given(segments)
def test_times_never_run_backwards_and_good_ones_are_kept(spoken: list[Segment]) -> None:
    cues = parse_vtt(vtt(spoken))
    assert all(start < end for start, end, _ in cues)
    starts = [start for start, _, _ in cues]
    assert starts == sorted(starts)
    good = {(s.start_ms, s.end_ms) for s in spoken if 0 <= s.start_ms < s.end_ms and s.text.strip()}
    assert good <= {(start, end) for start, end, _ in cues}


def test_a_hundred_hours_have_three_digits() -> None:
    assert "100:00:00.001 --> 123:59:59.999\n" in vtt([Segment("late", 360_000_001, 446_399_999)])


def test_a_cue_is_one_line_without_blank_ones() -> None:
    assert srt([Segment(" one\n\n two \r\n", 0, 1000)]) == "1\n00:00:00,000 --> 00:00:01,000\none two\n\n\n"


@pytest.mark.parametrize(
    ("text", "cue"),
    [("R&B", "R&amp;B"), ("a < b > c", "a &lt; b > c"), ("x --> y", "x --&gt; y"), ("&lt;", "&amp;lt;")],
)
def test_vtt_writes_what_players_would_take_for_markup_as_character_references(text: str, cue: str) -> None:
    assert vtt([Segment(text, 0, 1000)]).split("\n")[3] == cue
    assert srt([Segment(text, 0, 1000)]).split("\n")[2] == text


def test_segments_without_text_make_no_cue() -> None:
    assert srt([Segment(" ", 0, 1000)]) == "\n"
    assert vtt([Segment("", 0, 1000)]) == "WEBVTT\n\n"


@pytest.mark.parametrize("end_ms", [500, 400, 501])
def test_a_cue_lasts_a_millisecond_at_least(end_ms: int) -> None:
    assert parse_srt(srt([Segment("Hm.", 500, end_ms)])) == [(500, 501, "Hm.")]
