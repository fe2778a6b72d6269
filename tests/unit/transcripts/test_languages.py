"""Languages as providers, callers and OpenAI name them."""

from __future__ import annotations

import pytest

from audio_gateway.transcripts.languages import code_of, is_language_code, name_of

# The languages that OpenAI's documentation lists for its transcription models.
DOCUMENTED = """
afrikaans arabic armenian azerbaijani belarusian bosnian bulgarian catalan chinese croatian czech danish dutch english
estonian finnish french galician german greek hebrew hindi hungarian icelandic indonesian italian japanese kannada
kazakh korean latvian lithuanian macedonian malay marathi maori nepali norwegian persian polish portuguese romanian
russian serbian slovak slovenian spanish swahili swedish tagalog tamil thai turkish ukrainian urdu vietnamese welsh
"""


@pytest.mark.parametrize("name", DOCUMENTED.split())
def test_a_documented_language_has_a_code_and_its_name_back(name: str) -> None:
    code = code_of(name)
    assert code is not None
    assert is_language_code(code)
    assert name_of(code) == name


@pytest.mark.parametrize(
    ("given", "code"),
    [("English", "en"), ("EN", "en"), (" en-US ", "en"), ("pt_BR", "pt"), ("zh-Hant-TW", "zh"), ("zh-cn", "zh"),
     ("mandarin", "zh"), ("castilian", "es"), ("haitian creole", "ht"), ("cantonese", "yue"), ("haw", "haw"),
     ("jw", "jv"), ("klingon", None), ("", None), ("unknown", None), ("e", None)],
)  # fmt: skip
def test_a_providers_name_of_a_language_becomes_its_code(given: str, code: str | None) -> None:
    assert code_of(given) == code


@pytest.mark.parametrize("value", ["en", "de", "zh", "yue", "haw", "zh-cn", "zh-tw", "zh-hk", "jw"])
def test_the_request_field_takes_codes(value: str) -> None:
    assert is_language_code(value)


@pytest.mark.parametrize("value", ["", "english", "EN", "en-US", "xx", "eng", " en", "en ", "language", "zh-sg"])
def test_the_request_field_takes_nothing_else(value: str) -> None:
    assert not is_language_code(value)


def test_a_code_without_a_name_stands_for_itself() -> None:
    assert name_of("tlh") == "tlh"
    assert name_of("en-GB") == "english"
