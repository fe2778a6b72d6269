"""The English of our pages: no foreign quotation marks, no unreadable numbers, no phrase that a native would mark.

`PAGES` and `SOURCES` name what is covered so far.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.unit.docs.pages import ROOT, texts, without_blocks

pytestmark = pytest.mark.slow

PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/*.md",
    "docs/openapi.json",
    "docs/adr/*.md",
    "clients/*/README.md",
    "events/README.md",
    "examples/README.md",
    "scripts/*/README.md",
    "tests/*/README.md",
    "tests/data/speech/README.md",
    "template.yaml",
)
"""The pages whose sentences are checked, as patterns of `Path.glob`."""

SOURCES = (
    "bench/*.py",
    "clients/python/**/*.py",
    "functions/**/*.py",
    "layers/shared/**/*.py",
    "local/**/*.py",
    "reference/**/*.py",
    "scripts/**/*.py",
    "tests/unit/docs/test_openapi*.py",
    "tests/unit/docs/test_reference.py",
)
"""The modules whose comments, docstrings and other strings are checked, as patterns of `Path.glob`."""

GUILLEMETS = re.compile("[\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}]")

# Speech in languages that quote with guillemets: a transcript's words are stripped of them.
MAY_QUOTE_SO = {Path("tests/unit/transcripts/test_render.py")}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that is never right in our pages: a sentence that has it, and what a native writer would say."""

    pattern: str
    example: str
    better: str

    def found_in(self, text: str) -> str | None:
        """The phrase with the words around it."""
        found = re.search(self.pattern, text)
        return found and text[max(0, found.start() - 60) : found.end() + 60]


PHRASES = (
    Phrase(r"\b[Aa]new\b", "The hour is counted anew.", "The hour is counted again."),
    Phrase(r"\b[Ww]hoever\b", "Whoever has the link may read it.", "Anyone who has the link may read it."),
    Phrase(r"\b[Nn]obody\b", "It is null if nobody knows it.", "It is null if it is unknown."),
    Phrase(r"\bbroke(?:n)? (?:it )?off\b", "The provider broke it off.", "The provider closed the connection."),
    Phrase(
        r"\b[Ww]hat is (?:no(?! longer)|not there)\b",
        "It redirects to what is no URL.",
        "It redirects to an invalid URL.",
    ),
    Phrase(r"\bin vain\b", "The job was waited for in vain.", "The job did not end in time."),
    Phrase(r"\w+s there (?:is|are) none\b", "Users there are none.", "The gateway has no users."),
    Phrase(r"\bat once\b", "Deletes the file at once.", "Deletes the file immediately."),
    Phrase(r"\b[Ff]or good\b", "For good; it is sent nothing.", "Permanently deletes it."),
    Phrase(r"\b(?:[Ii]t|file|endpoint|job) is gone\b", "It is gone.", "The endpoint was deleted."),
    Phrase(r"\b[Aa]s it (?:stands|is now)\b", "The job as it is now.", "Returns the job."),
    Phrase(r"\bstands? twice\b", "The field stands twice in the body.", "The field appears more than once."),
    Phrase(r"\bwhat is more\b", "It is slow, and what is more, costly.", "It is slow and costly."),
    Phrase(
        r"\b(?:are|is|was|were) told (?:of|to)\b",
        "The endpoint is told of an event.",
        "The endpoint receives an event.",
    ),
    Phrase(r"\bsent nothing (?:any )?more\b", "It is sent nothing more.", "No more events are sent to it."),
    Phrase(r"\b[Aa]sk(?:s|ing|ed)? again\b", "Asking again does not help.", "A retry does not help."),
    Phrase(r"\bunix seconds\b", "When it ended, in unix seconds.", "When the job ended, in Unix seconds."),
    Phrase(r"\bISO-639-1\b", "An ISO-639-1 code.", "An ISO 639-1 code."),
    Phrase(
        r"(?:^|[.:;|¶] )(?:Read|Kept|Left|Made|Sent|Told|[A-Z][a-z]+ed) (?:are|is|was|were)\b",
        "Read are wav and mp3.",
        "Accepts wav and mp3.",
    ),
)


def strings_and_comments(source: str) -> str:
    """The strings of a module, implicitly concatenated ones as one, and its comments."""
    strings = [
        it.value for it in ast.walk(ast.parse(source)) if isinstance(it, ast.Constant) and isinstance(it.value, str)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT]
    return "\n\n".join([*strings, " ".join(comments)])


def in_one_line(text: str) -> str:
    """The text without line breaks, which may divide a phrase; its paragraphs are marked."""
    return re.sub(r"\s+", " ", re.sub(r"\s*\n\s*\n\s*", " ¶ ", text))


@cache
def prose() -> dict[str, str]:
    """The sentences of what is covered, by the path from the root."""
    pages = {path: without_blocks(path.read_text("utf-8")) for name in PAGES for path in ROOT.glob(name)}
    modules = {path: strings_and_comments(path.read_text("utf-8")) for name in SOURCES for path in ROOT.glob(name)}
    return {str(path.relative_to(ROOT)): in_one_line(text) for path, text in (pages | modules).items()}


@pytest.mark.parametrize("name", [*PAGES, *SOURCES])
def test_what_is_covered_exists(name: str) -> None:
    assert list(ROOT.glob(name))


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.pattern)
def test_our_pages_do_not_say(phrase: Phrase) -> None:
    found = {name: phrase.found_in(text) for name, text in prose().items()}
    assert not {name: words for name, words in found.items() if words}, f"say: {phrase.better}"


def test_a_phrase_is_found_across_lines_and_strings() -> None:
    phrase = Phrase(r"\bin vain\b", "", "")
    assert phrase.found_in(in_one_line("It waited in\nvain."))
    assert phrase.found_in(in_one_line(strings_and_comments('TEXT = "It waited in " "vain."\n')))
    assert phrase.found_in(in_one_line(strings_and_comments("x = 1  # waited in\n# vain\n")))
    assert not phrase.found_in(in_one_line(strings_and_comments('tries = "in", vain("the 2nd")\n')))


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.pattern)
def test_a_phrase_is_found_where_it_is_and_not_in_what_to_say_instead(phrase: Phrase) -> None:
    assert phrase.found_in(phrase.example)
    assert not phrase.found_in(phrase.better)


def unreadable_numbers(text: str) -> list[str]:
    """Numbers of five or more digits that nothing divides; parts of names and of code are none."""
    without_code = re.sub(r"`[^`\n]*`", "", text)
    return re.findall(r"(?<![\w.,/#-])\d{5,}(?![\w-])(?: \w+)?", without_code)


def test_numbers_in_the_reference_can_be_read() -> None:
    assert unreadable_numbers(prose()["docs/api.md"]) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The whole request may have 4500000 bytes.", ["4500000 bytes"]),
        ("| integer, 0 to 999999 |", ["999999"]),
        ("up to 4.5 MB, 1,000,000 characters, at 4096 of them, `1795262400`, job_01234567, 2026-11-30", []),
    ],
)
def test_a_number_without_separators_is_found(text: str, found: list[str]) -> None:
    assert unreadable_numbers(text) == found


def test_no_text_quotes_with_guillemets() -> None:
    for path, text in texts().items():
        if path.parts[:2] != ("tests", "data") and path not in MAY_QUOTE_SO:
            found = GUILLEMETS.search(text)
            assert found is None, f"{path}: {text[max(0, found.start() - 40) : found.end() + 40]}"
