"""What speakers are called."""

from __future__ import annotations

from audio_gateway.transcripts.speakers import SpeakerLabels


def test_speakers_are_lettered_as_they_first_speak() -> None:
    labels = SpeakerLabels()
    assert [labels.of(voice) for voice in ("spk_7", "spk_2", "spk_7", None, "")] == ["A", "B", "A", "C", "D"]


def test_known_names_are_kept_and_take_no_letter() -> None:
    labels = SpeakerLabels(["agent"])
    assert [labels.of(voice) for voice in ("agent", "x", "agent", "y")] == ["agent", "A", "agent", "B"]


def test_no_speaker_is_given_a_letter_that_is_the_name_of_another() -> None:
    labels = SpeakerLabels(["A"])
    assert [labels.of(voice) for voice in ("B", "A", "C")] == ["B", "A", "C"]


def test_after_z_comes_aa() -> None:
    labels = SpeakerLabels()
    given = [labels.of(str(number)) for number in range(26 + 26 * 26 + 1)]
    assert given[25:28] == ["Z", "AA", "AB"]
    assert given[-2:] == ["ZZ", "AAA"]
    assert len(set(given)) == len(given)
