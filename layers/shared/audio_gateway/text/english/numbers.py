"""English number words, without hyphens and without "and": the way the speech engine's voice was taught to read."""

from __future__ import annotations

import re
from typing import Final

_ONES_LIST: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_ONES: Final = _ONES_LIST.split()
_TENS_LIST: Final = ". . twenty thirty forty fifty sixty seventy eighty ninety"
_TENS: Final = _TENS_LIST.split()
_SCALE_LIST: Final = (
    "thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion"
)
_SCALES: Final = ["", *_SCALE_LIST.split()]
_MOST_DIGITS: Final = 3 * len(_SCALES)
_LONGEST_PLAIN: Final = 15  # digits; a longer number without separators is an identifier, not an amount
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})++(?:\.\d++)?|\d++(?:\.\d++)?)"
"""A number as English writes it: `1250`, `1,250`, `0.5`; without sign."""


def cardinal(number: int) -> str:
    """A number in words; `ValueError` if it has more digits than there are words for."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number >= 10**_MOST_DIGITS:
        raise ValueError(f"no words for a number of {len(str(number))} digits")
    if number < 1000:  # noqa: PLR2004 - below it there is no scale
        return _below_thousand(number)
    groups: list[str] = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.append(f"{_below_thousand(group)} {scale}".rstrip())
    return " ".join(reversed(groups))


def ordinal(number: int) -> str:
    """`first`, `twenty third`, `one hundredth`."""
    head, space, last = cardinal(number).rpartition(" ")
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = f"{last[:-1]}ieth"
    else:
        last += "h" if last.endswith("t") else "th"
    return f"{head}{space}{last}"


def plural(words: str) -> str:
    """The plural of number words: `nineties`, `nineteen hundreds`, `sixths`."""
    return f"{words[:-1]}ies" if words.endswith("y") else words + ("es" if words.endswith("x") else "s")


def digits(written: str) -> str:
    """Each digit in a word; other characters are left out."""
    return " ".join(_ONES[int(digit)] for digit in written if digit.isdecimal())


def year(number: int) -> str:
    """A year, or any number of four digits that is read in pairs: `nineteen oh five`, `two thousand five`."""
    century, rest = divmod(number, 100)
    if not 10 <= century <= 99 or (century % 10 == 0 and rest < 10):  # noqa: PLR2004 - two pairs of digits
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {f'oh {cardinal(rest)}' if rest < 10 else cardinal(rest)}"  # noqa: PLR2004


def amount(written: str) -> str:
    """A `NUMBER` as an amount: a cardinal, with its decimals one by one."""
    whole, point, decimals = written.replace(",", "").partition(".")
    return f"{_whole(whole, grouped=',' in written)}{f' point {digits(decimals)}' if point else ''}"


def number(written: str) -> str:
    """A `NUMBER` of which nothing else is known: four digits may be a year or a name, a zero in front means a code."""
    if re.fullmatch(r"1[1-9]\d\d|20\d\d", written):
        return year(int(written))
    return amount(written)


def spoken_code(written: str) -> str:
    """Digits within a name, such as `2490` of BA2490: in pairs if there are four, else as short or single digits."""
    if written.startswith("0") or len(written) > 4:  # noqa: PLR2004
        return digits(written)
    return year(int(written)) if len(written) == 4 else cardinal(int(written))  # noqa: PLR2004


def _whole(written: str, *, grouped: bool) -> str:
    most = _MOST_DIGITS if grouped else _LONGEST_PLAIN
    if (len(written) > 1 and written.startswith("0")) or len(written) > most:
        return digits(written)
    return cardinal(int(written))


def _below_thousand(number: int) -> str:
    words = []
    if number >= 100:  # noqa: PLR2004
        words += [_ONES[number // 100], "hundred"]
        number %= 100
    if number >= 20:  # noqa: PLR2004
        words.append(_TENS[number // 10])
        number %= 10
    if number or not words:
        words.append(_ONES[number])
    return " ".join(words)
