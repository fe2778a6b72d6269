"""Abbreviations that end with a full stop, Roman numerals, and short forms with a slash."""

# ruff: noqa: RUF001 - signs that look like others

from __future__ import annotations

import re
from typing import Final

from audio_gateway.text.english.numbers import cardinal, ordinal
from audio_gateway.text.english.rules import Rule, any_of, listed, rule

_TITLES: Final = {
    "Mr": "Mister",
    "Mrs": "Mrs",
    "Ms": "Miz",
    "Dr": "Doctor",
    "Prof": "Professor",
    "St": "Saint",
    "Mt": "Mount",
    "Ft": "Fort",
    "Gen": "General",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Capt": "Captain",
    "Lt": "Lieutenant",
    "Col": "Colonel",
    "Sgt": "Sergeant",
    "Cmdr": "Commander",
    "Cpl": "Corporal",
    "Maj": "Major",
    "Adm": "Admiral",
    "Rev": "Reverend",
    "Hon": "Honorable",
    "Pres": "President",
    "Supt": "Superintendent",
    "Fr": "Father",
    "Sr": "Sister",
}
_BEHIND_NAMES: Final = {
    "Jr": "Junior",
    "Sr": "Senior",
    "St": "Street",
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "Rd": "Road",
    "Ln": "Lane",
    "Hwy": "Highway",
    "Pkwy": "Parkway",
    "Sq": "Square",
    "Inc": "Incorporated",
    "Ltd": "Limited",
    "Corp": "Corporation",
    "Co": "Company",
    "Bros": "Brothers",
    "Dept": "Department",
    "Univ": "University",
}
_ANYWHERE: Final = {
    "approx": "approximately",
    "vs": "versus",
    "cf": "compare",
    "incl": "including",
    "excl": "excluding",
    "Bldg": "Building",
    "Govt": "Government",
    "Assn": "Association",
    "dept": "department",
    "govt": "government",
    "misc": "miscellaneous",
    "Atty": "Attorney",
}
_BEFORE_NUMBERS: Final = {
    "No": "number",
    "no": "number",
    "Nos": "numbers",
    "nos": "numbers",
    "Nr": "number",
    "nr": "number",
    "№": "number",
    "p": "page",
    "pp": "pages",
    "pg": "page",
    "vol": "volume",
    "Vol": "volume",
    "ch": "chapter",
    "Ch": "chapter",
    "chap": "chapter",
    "fig": "figure",
    "Fig": "figure",
    "Figs": "figures",
    "figs": "figures",
    "sec": "section",
    "Sec": "section",
    "Apt": "apartment",
    "apt": "apartment",
    "Ste": "suite",
    "ext": "extension",
    "Ext": "extension",
    "Art": "article",
    "art": "article",
    "ca": "about",
    "c": "about",
}
_SENTENCE_STARTS: Final = frozenset(
    listed("the then it he she we they a an in on at but and turn go please this that if")
)
_ROMAN_AFTER_THINGS: Final = (
    "Chapter Part Act Scene Section Volume Book Phase Article War Mark Type Level Stage Class Grade Bowl Apollo Gemini"
    " Fantasy Episode Round Rocky Schedule Appendix Title Division Theme Factor Tier Windows"
)
_ROMAN_AFTER_NAMES: Final = (
    "Pope King Queen Henry Louis Edward George William Charles James Richard Elizabeth Napoleon Pius Benedict Leo Paul"
    " Ramses Frederick Philip Alexander Nicholas Peter Catherine Ivan Umberto Emmanuel Gustav Christian Ferdinand John"
    " Philippe Wilhelm Friedrich Mary Francis Gregory Innocent Clement Urban Boniface Carl Karl Harald Haakon Margrethe"
)
_ROMAN: Final = (
    r"(?P<numeral>(?=[IVXLC])(?:XC|XL|L?X{1,3}|L|C)?(?:IX|IV|V?I{1,3}|V)|(?:XC|XL|L?X{1,3}|L))(?![\w'’]|\.\w)"
)
_VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def _title(match: re.Match[str]) -> str:
    following = re.compile(r"\w++").match(match.string, match.end())
    if match["title"] == "St" and following and following[0].lower() in _SENTENCE_STARTS:
        return "Street. "  # `Main St. Then turn left.`
    return _TITLES[match["title"]] + " "


def _behind_name(match: re.Match[str]) -> str:
    """The stop stays only where the sentence may end."""
    ends = re.match(r"\s*$|\s*\n|\s+[A-Z\"“(]", match.string[match.end() : match.end() + 4]) is not None
    return f"{_BEHIND_NAMES[match['short']]}{'.' if ends else ''}"


def _anywhere(match: re.Match[str]) -> str:
    return _ANYWHERE[match["short"]]


def _before_number(match: re.Match[str]) -> str:
    words = _BEFORE_NUMBERS[match["short"]]
    return f"{words.capitalize() if match['short'][0].isupper() else words} "


def _value(numeral: str) -> int:
    total = 0
    for character, following in zip(numeral, numeral[1:] + " ", strict=True):
        value = _VALUES[character]
        total += -value if _VALUES.get(following, 0) > value else value
    return total


def _roman_number(match: re.Match[str]) -> str | None:
    if match["numeral"] == "I" and re.match(r" [a-z]", match.string[match.end() : match.end() + 2]):
        return None  # `the part I liked`
    return f"{match['before']} {cardinal(_value(match['numeral']))}"


def _roman_ordinal(match: re.Match[str]) -> str | None:
    if match["numeral"] == "I" and re.match(r" [a-z]", match.string[match.end() : match.end() + 2]):
        return None
    return f"{match['before']} the {ordinal(_value(match['numeral']))}"


_WORLD_WARS: Final = {"WWI": "World War One", "WWII": "World War Two"}

RULES: Final[tuple[Rule, ...]] = (
    rule(r"(?<!\w)[eE]\.\s?g\.,?(?=\s|$)", "for example,"),
    rule(r"(?<!\w)[iI]\.\s?e\.,?(?=\s|$)", "that is,"),
    rule(r"\betc\.(?=\s+[a-z]|[,;:)?!])", "et cetera"),
    rule(r"\betc\b\.?", lambda match: "et cetera." if match[0].endswith(".") else "et cetera"),
    rule(r"(?<!\w)a\.k\.a\.|\b(?:aka|AKA)\b", "also known as"),
    rule(r"\bet al\.", "et al"),
    rule(r"(?<!\w)w/o(?=\s)", "without"),
    rule(r"(?<!\w)w/ ?(?=\w)", "with "),
    rule(r"(?<!\w)b/c(?=\s)", "because"),
    rule(r"(?<![\w.])(?P<title>" + any_of(_TITLES) + r")\.? ?(?=[A-Z][a-z'’]|[A-Z]\. )(?<=[. ])", _title),
    rule(rf"\b(?P<short>{any_of(_BEHIND_NAMES)})\.(?![\w.])", _behind_name),
    rule(rf"(?<![\w.])(?P<short>{any_of(_ANYWHERE)})\.(?!\w)", _anywhere),
    rule(r"(?<= )vs(?= )", "versus"),
    rule(rf"(?<![\w.])(?P<short>{any_of(_BEFORE_NUMBERS)})\.\s?(?=\d)", _before_number),
    rule(r"№\s?(?=\d)", "number "),
    rule(r"\b[Pp]h\.\s?[Dd]\.?(?!\w)", "PhD"),
    rule(r"\bWWII?\b", lambda match: _WORLD_WARS[match[0]]),
    rule(r"\b(?P<grade>[A-F])-(?=[\s.,;:!?)]|$)", r"\g<grade> minus"),
    rule(rf"\b(?P<before>{'|'.join(_ROMAN_AFTER_THINGS.split())}) {_ROMAN}", _roman_number, re.ASCII),
    rule(rf"\b(?P<before>{'|'.join(_ROMAN_AFTER_NAMES.split())}) {_ROMAN}", _roman_ordinal, re.ASCII),
)
