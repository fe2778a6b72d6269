"""A rule rewrites what its pattern finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple


class Rule(NamedTuple):
    """A pattern, and what to write in its place; None leaves the text as it is."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str | None]


def rule(pattern: str, read: Callable[[re.Match[str]], str | None] | str, flags: int = 0) -> Rule:
    """A rule from a pattern, and from a function or the words themselves."""
    compiled = re.compile(pattern, flags)
    if isinstance(read, str):
        words = read
        return Rule(compiled, lambda match: match.expand(words))
    return Rule(compiled, read)


def apply(rules: Sequence[Rule], text: str) -> str:
    """The text after all rules, one after the other."""
    for each in rules:
        text = each.pattern.sub(partial(_replaced, each.read), text)
    return text


def _replaced(read: Callable[[re.Match[str]], str | None], match: re.Match[str]) -> str:
    words = read(match)
    return match[0] if words is None else words


def any_of(words: Iterable[str]) -> str:
    """A pattern that finds any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def listed(words: str) -> list[str]:
    """The words of a list that is written as one text."""
    return words.split()
