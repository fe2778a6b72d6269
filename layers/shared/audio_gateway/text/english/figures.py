"""Numbers without a unit: phone numbers, versions, fractions, ranges, sums, ordinals, plain ones."""

# ruff: noqa: RUF001 - signs that look like others

from __future__ import annotations

import re
from typing import Final

from audio_gateway.text.english.letters import letter
from audio_gateway.text.english.numbers import NUMBER, amount, cardinal, digits, number, ordinal, plural, spoken_code
from audio_gateway.text.english.rules import Rule, rule

_BEFORE_CODES: Final = (
    "[Rr]oom|[Ff]light|[Hh]ighway|[Rr]oute|[Ss]uite|[Gg]ate|[Dd]ial|[Cc]all|[Ii]nterstate|[Aa]rea code"
)
_LARGEST_DENOMINATOR: Final = 20
_SIGNS: Final = {
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "–": "minus",
    "*": "times",
    "×": "times",
    "·": "times",
    "x": "times",
    "/": "divided by",
    "÷": "divided by",
    "^": "to the power of",
}
_RELATIONS: Final = {
    "==": "equals",
    "=": "equals",
    "!=": "is not equal to",
    "≠": "is not equal to",
    "<=": "is less than or equal to",
    "≤": "is less than or equal to",
    ">=": "is greater than or equal to",
    "≥": "is greater than or equal to",
    "<": "is less than",
    ">": "is greater than",
    "≈": "is about",
}


def _phone(match: re.Match[str]) -> str | None:
    groups = re.findall(r"\d+", match[0])
    if not 7 <= sum(map(len, groups)) <= 15:  # noqa: PLR2004 - digits of a phone number, E.164
        return None
    words = ", ".join(digits(group) for group in groups)
    return f"plus {words}" if match[0].startswith("+") else words


def _groups(match: re.Match[str]) -> str:
    return ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _grouped(match: re.Match[str]) -> str:
    return amount(re.sub("[. ]", ",", match[0]))


def _code(match: re.Match[str]) -> str:
    word, written = match["word"], match["code"]
    if word.lower() in ("dial", "call"):
        return f"{word} {digits(written)}"
    hundreds, rest = divmod(int(written), 100)
    if written.startswith("0") or rest == 0:
        return f"{word} {amount(written)}"
    return f"{word} {cardinal(hundreds)} {f'oh {cardinal(rest)}' if rest < 10 else cardinal(rest)}"  # noqa: PLR2004


def _version(match: re.Match[str]) -> str:
    lead = "version " if match["v"] else ""
    return lead + " point ".join(_part_of_version(part) for part in match["parts"].split("."))


def _part_of_version(part: str) -> str:
    """A part of a version: `10`, but `0` `5` for `05`."""
    return digits(part) if part.startswith("0") and len(part) > 1 else amount(part)


def _fraction(match: re.Match[str]) -> str | None:
    whole = f"{amount(match['whole'])} and " if match["whole"] else ""
    over, under = int(match["over"]), int(match["under"])
    if (over, under) in ((24, 7), (9, 11), (50, 50), (80, 20), (60, 40), (7, 11)) and not whole:
        return f"{cardinal(over)} {cardinal(under)}"
    if not 0 < over < under or (under > _LARGEST_DENOMINATOR and under not in (32, 64, 100)):
        return f"{whole}{cardinal(over)} over {cardinal(under)}"
    name = {2: "half", 4: "quarter"}.get(under) or ordinal(under)
    if over > 1:
        return f"{whole}{cardinal(over)} {plural(name)}"
    return f"{whole}{'a' if whole else 'one'} {name}"


def _out_of(match: re.Match[str]) -> str:
    return f"{amount(match['over'])} out of {amount(match['under'])}"


def _range(match: re.Match[str]) -> str | None:
    return f"{number(match['first'])} to {number(match['last'])}"


def _dimensions(match: re.Match[str]) -> str:
    return " by ".join(number(part) if "." in part else _dimension(part) for part in re.findall(NUMBER, match[0]))


def _dimension(part: str) -> str:
    return spoken_code(part) if len(part) == 4 else amount(part)  # noqa: PLR2004


def _power(match: re.Match[str]) -> str:
    return {"²": " squared", "³": " cubed", "2": " squared", "3": " cubed"}.get(
        match["power"], f" to the power of {match['power']}"
    )


def _operator(match: re.Match[str]) -> str:
    return f" {_SIGNS[match['sign']]} "


def _relation(match: re.Match[str]) -> str:
    words = _RELATIONS[match["sign"]]
    return f" {words} "


def _exponent(match: re.Match[str]) -> str:
    minus = "minus " if match["minus"] else ""
    return f"{amount(match['mantissa'])} times ten to the {minus}{amount(match['exponent'])}"


def _ordinal(match: re.Match[str]) -> str | None:
    written = match["number"].replace(",", "")
    return ordinal(int(written)) if len(written) <= 15 else None  # noqa: PLR2004 - as long as amounts


def _scaled(match: re.Match[str]) -> str:
    return f"{amount(match['amount'])} {'million' if match['scale'] == 'M' else 'billion'}"


def _mixed(match: re.Match[str]) -> str:
    """`MP3`, `H2O`, `v2`, `24h`."""
    return " ".join(
        spoken_code(piece) if piece.isdecimal() else letter(piece) if len(piece) == 1 else piece
        for piece in re.findall(r"[^\W\d_]+|\d+", match[0])
    )


def _plain(match: re.Match[str]) -> str:
    return number(match[0])


_OPERAND_BEFORE: Final = r"(?<=[\d)])"
_OPERAND_BEHIND: Final = r"(?=[\d(.])"

RULES: Final[tuple[Rule, ...]] = (
    rule(r"(?<![\w.])\+\d{1,3}[\d ().-]{5,22}\d(?![\w-]|\.\d)", _phone),
    rule(r"(?<![\w.+-])(?:1[ .-])?\(?\d{3}\)?[ .-]\s?\d{3}[.-]\d{4}(?![\w-]|\.\d)", _phone),
    rule(r"(?<![\w.+-])\d{3}-\d{4}(?![\w-]|\.\d)", _phone),
    rule(r"(?<![\w.,+-])0\d{2,4}[ -/]\d{3,4}[ -]?\d{3,4}(?![\w-]|\.\d)", _phone),
    rule(r"\(0\d{2,4}\) ?\d{3,4}[ -]?\d{3,4}(?![\w-]|\.\d)", _phone),
    rule(r"(?<![\w.,-])\d{1,7}(?:-\d{1,7}){3,}(?![\w-])|(?<![\w.,])\d{4}(?: \d{4}){2,}(?! ?\d)", _groups),
    rule(r"(?<![\w.,])\d{1,3}(?:\.\d{3}){2,}(?![\w.,]*\d)|(?<![\w.,])\d{1,3}(?: 000)+(?!\d)", _grouped),
    rule(rf"\b(?P<word>{_BEFORE_CODES}) (?P<code>\d{{3}})(?![\w,.:/-]\d|\w)", _code),
    rule(r"\b(?P<v>[vV]\.?\s?)?(?P<parts>\d{1,6}(?:\.\d{1,6}){2,5})(?![\w]|\.\d)", _version),
    rule(r"\b(?P<v>[vV]\.?)(?P<parts>\d{1,6}(?:\.\d{1,6})?)(?!\w|\.\d)", _version),
    rule(r"(?P<v>)(?<=Python )(?P<parts>\d\.\d{1,2})(?![\w%]|[.,:/]\d)", _version),
    rule(r"(?<![\w.,/])(?P<over>\d{1,3}\.\d)/(?P<under>5|10|100)(?![\w./])", _out_of),
    rule(r"(?<![\w.,/:])(?:(?P<whole>\d{1,4}) )?(?P<over>\d{1,3})[/⁄](?P<under>\d{1,3})(?![\w/⁄]|[.,]\d)", _fraction),
    rule(r"(?<![\w.,])\d{1,5}(?:\.\d{1,3})?(?:(?:\s?x\s?|×)\d{1,5}(?:\.\d{1,3})?)+(?!\w)", _dimensions),
    rule(rf"(?<![\w.,])(?P<mantissa>{NUMBER})[eE](?P<minus>[-−])?\+?(?P<exponent>\d{{1,3}})(?!\w)", _exponent),
    rule(
        r"(?<![\w.,-])(?P<first>\d{1,6}(?:\.\d{1,4})?)\s?[–‒-]\s?(?P<last>\d{1,6}(?:\.\d{1,4})?)(?![\w/-]|[.,]\d|\s?=)",
        _range,
    ),
    rule(rf"{_OPERAND_BEFORE}\s?(?P<sign>[+*×·÷/−])\s?{_OPERAND_BEHIND}", _operator),
    rule(rf"{_OPERAND_BEFORE}\s(?P<sign>[-–])\s{_OPERAND_BEHIND}", _operator),
    rule(rf"{_OPERAND_BEFORE}(?P<sign>\^|[-–](?=\d+\s?=))(?=\d)", _operator),
    rule(r"(?<=\d)[-–](?=\d)", " "),
    rule(r"(?<=\w)(?:\^?(?P<power>[²³]|(?<=\^)\d{1,3}))(?!\w)", _power),
    rule(r"(?<![=<>!-])\s?(?P<sign>==|!=|<=|>=|[=≠≤≥≈])\s?(?![=<>])", _relation),
    rule(
        r"(?<=[\w)])\s?(?P<sign>[<>])\s?(?=\d)|(?<=[\w)]) (?P<other>[<>]) (?=\w)",
        lambda m: f" {_RELATIONS[m['sign'] or m['other']]} ",
    ),
    rule(r"(?<![\w.,])(?P<number>\d{1,3}(?:,\d{3})*+|\d+)(?:st|nd|rd|th)\b", _ordinal, re.IGNORECASE),
    rule(rf"(?<![\w.,])(?P<amount>{NUMBER})(?P<scale>[MB])(?!\w)", _scaled),
    rule(
        rf"(?<![\w.,])(?P<amount>{NUMBER})[x×](?= [a-z]{2}|[.,;:!?]*(?:\s|$)(?! ?[-+=*/]))",
        lambda match: f"{amount(match['amount'])} times",
    ),
    rule(rf"(?<![\w.,])(?P<amount>{NUMBER})\s?(?:%|percent\b)", lambda match: f"{amount(match['amount'])} percent"),
    rule(r"(?<![^\W_])(?:[^\W\d_]++[-_]?\d[^\W_]*+|\d++[^\W\d_][^\W_]*+)", _mixed),
    rule(r"(?<![\w.])\.(?P<decimals>\d+)", lambda match: f"point {digits(match['decimals'])}"),
    rule(NUMBER, _plain),
)
