"""Dates and times of day."""

# ruff: noqa: RUF001 - signs that look like others

from __future__ import annotations

import re
from typing import Final

from audio_gateway.text.english.numbers import cardinal, ordinal, plural, year
from audio_gateway.text.english.rules import Rule, listed, rule

_MONTHS: Final = listed("January February March April May June July August September October November December")
_MONTH_OF: Final = {month[:3].lower(): month for month in _MONTHS}
_MONTH: Final = (
    r"(?P<month>January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)(?:\.|\b))"
)
_DAYS: Final = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Tues": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}
_DAY: Final = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>[12]\d{3})"
_AMPM: Final = r"(?P<half>[AaPp])(?:\.\s?[Mm]\b(?P<stop>\.)?|[Mm]\b)"
_CLOCK: Final = r"\d{1,2}(?::\d\d)?(?:\s?[AaPp]\.?[Mm]\b\.?)?"
_SENTENCE_END: Final = re.compile(r"\s*+(?:$|[\"')\n]|(?<=\s)(?:[A-Z][a-z]|[AI]\b))")
_CENTURY_TURN: Final = 30  # a year of two digits up to here is in this century
_NOON: Final = 12


def _spoken_date(match: re.Match[str]) -> str | None:
    day, month = int(match["day"]), int(match["month"])
    if month > len(_MONTHS) and day <= len(_MONTHS):
        day, month = month, day  # 25/12/2026 can only be the 25th
    if not (1 <= month <= len(_MONTHS) and 1 <= day <= 31):  # noqa: PLR2004 - days of a month
        return None
    written = match["year"]
    number = int(written)
    if len(written) == 2:  # noqa: PLR2004
        number += 2000 if number <= _CENTURY_TURN else 1900
    return f"{_MONTHS[month - 1]} {ordinal(day)}, {year(number)}"


def _iso(match: re.Match[str]) -> str | None:
    date = _spoken_date(match)
    if date is None or not match["hour"]:
        return date
    time = _clock(int(match["hour"]), int(match["minute"]))
    return date if time is None else f"{date}, {time}"


def _month_first(match: re.Match[str]) -> str | None:
    return _named_date(match, "{month} {day}")


def _day_first(match: re.Match[str]) -> str | None:
    return _named_date(match, "the {day} of {month}")


def _named_date(match: re.Match[str], form: str) -> str | None:
    day = int(match["day"])
    if not 1 <= day <= 31:  # noqa: PLR2004
        return None
    words = form.format(month=_month(match["month"]), day=ordinal(day))
    return f"{words}, {year(int(match['year']))}" if match["year"] else words


def _month_year(match: re.Match[str]) -> str:
    return f"{_month(match['month'])} {year(int(match['year']))}"


def _month(written: str) -> str:
    return _MONTH_OF[written[:3].lower()]


def _time(match: re.Match[str]) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"])
    second = int(match["second"] or 0)
    words = _clock(hour, minute, is_marked=match["half"] is not None or second > 0)
    if words is None or second > 59:  # noqa: PLR2004
        return None
    if second:
        words += f" and {cardinal(second)} second{'' if second == 1 else 's'}"
    return words + _half(match)


def _clock(hour: int, minute: int, *, is_marked: bool = False) -> str | None:
    if hour > 24 or minute > 59:  # noqa: PLR2004
        return None
    if minute:
        return f"{cardinal(hour)} {f'oh {cardinal(minute)}' if minute < 10 else cardinal(minute)}"  # noqa: PLR2004
    if is_marked:
        return cardinal(hour)
    if hour % 24 == 0:
        return "midnight"
    return cardinal(hour) + (" o'clock" if hour <= _NOON else " hundred")


def _full_hour(match: re.Match[str]) -> str | None:
    hour = int(match["hour"])
    return cardinal(hour) + _half(match) if 1 <= hour <= _NOON else None


def _half(match: re.Match[str]) -> str:
    """` AM` or ` PM`, with the full stop that also ends the sentence."""
    if match["half"] is None:
        return ""
    ends = match["stop"] and _SENTENCE_END.match(match.string, match.end())
    return f" {match['half'].upper()}M{'.' if ends else ''}"


def _score(match: re.Match[str]) -> str:
    return f"{cardinal(int(match['left']))} to {cardinal(int(match['right']))}"


def _decade(match: re.Match[str]) -> str:
    number = int(match["decade"])
    century, rest = divmod(number, 100)
    if number < 100:  # noqa: PLR2004 - '90s
        return plural(cardinal(number)) if number else "two thousands"
    return plural(year(number) if rest or century % 10 else cardinal(number))


def _day_range(match: re.Match[str]) -> str | None:
    first, last = int(match["day"]), int(match["last"])
    if not 1 <= first < last <= 31:  # noqa: PLR2004
        return None
    return f"{_month(match['month'])} {ordinal(first)} to {ordinal(last)}"


RULES: Final[tuple[Rule, ...]] = (
    rule(
        r"\b(?P<year>[12]\d{3})(?P<joint>[-/])(?P<month>[01]\d)(?P=joint)(?P<day>[0-3]\d)"
        r"(?:[T ](?P<hour>[0-2]\d):(?P<minute>[0-5]\d)(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\w-])",
        _iso,
    ),
    rule(r"(?<![\w/.])(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d\d)(?![\w/])", _spoken_date),
    rule(r"(?<![\w.])(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>[12]\d{3})(?![\w.]*\d)", _spoken_date),
    rule(rf"\b{_MONTH} {_DAY}\s?[-–]\s?(?P<last>[0-3]?\d)(?:st|nd|rd|th)?(?![\w:%]|[.,/-]\d)", _day_range),
    rule(rf"\b{_MONTH} {_DAY}(?![\w:%]|[.,]\d)(?:,? {_YEAR}\b(?!,\d))?", _month_first),
    rule(
        rf"(?<![\w.,:/-])(?P<first>[0-3]?\d)(?:st|nd|rd|th)?\s?[-–]\s?(?={_DAY} (?:of )?{_MONTH})",
        lambda match: f"the {ordinal(int(match['first']))} to ",
    ),
    rule(rf"(?<![\w.,:])(?:the )?{_DAY} (?:of )?{_MONTH}(?!\w)(?:,? {_YEAR}\b(?!,\d))?", _day_first),
    rule(rf"\b{_MONTH},? {_YEAR}\b(?![,.]\d)", _month_year),
    rule(rf"\b(?P<name>{'|'.join(_DAYS)})\.(?= |,)", lambda match: _DAYS[match["name"]]),
    rule(
        rf"\b(?P<name>{'|'.join(_DAYS)}), (?={'|'.join(_MONTHS)}|the [a-z]++)",
        lambda match: f"{_DAYS[match['name']]}, ",
    ),
    rule(
        rf"\b{_MONTH}\s?[-–]\s?{_MONTH.replace('month', 'last')}",
        lambda match: f"{_month(match['month'])} to {_month(match['last'])}",
    ),
    rule(
        rf"\b(?P<name>{'|'.join(_DAYS)})\.?\s?[-–]\s?(?P<last>{'|'.join(_DAYS)})\b",
        lambda match: f"{_DAYS[match['name']]} to {_DAYS[match['last']]}",
    ),
    rule(
        rf"(?<![\w:.,])(?P<from>{_CLOCK})\s?[-–—]\s?(?=\d{{1,2}}(?::\d\d|\s?[AaPp]\.?[Mm]\b))(?<!\d\d\d\d-)",
        lambda match: f"{match['from']} to ",
    ),
    rule(rf"(?<![\w:.])(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\s?{_AMPM})?(?![\w:])", _time),
    rule(rf"(?<![\w:.,])(?P<hour>\d{{1,2}})\.(?P<minute>[0-5]\d)(?P<second>)\s?{_AMPM}(?!\w)", _time),
    rule(rf"(?<![\w:.,])(?P<hour>\d{{1,2}})\s?{_AMPM}(?!\w)", _full_hour),
    rule(r"\b(?P<zone>UTC|GMT)\s?-(?=\d)", r"\g<zone> minus "),
    rule(r"(?<![\w:.])(?P<left>\d{1,3}):(?P<right>\d{1,3})(?![\w:])", _score),
    rule(r"(?<![\w.])['’]?(?P<decade>(?:[12]\d)?\d0)['’]?s\b", _decade),
)
"""In this order; `Sun.` is the day only before other words."""
