"""Amounts of money: `$9.99`, `£5m`, `USD 10`, `5 €`."""

# ruff: noqa: RUF001 - signs that look like others

from __future__ import annotations

import re
from typing import Final, NamedTuple

from audio_gateway.text.english.numbers import NUMBER, amount, cardinal
from audio_gateway.text.english.rules import Rule, any_of, rule


class _Currency(NamedTuple):
    one: str
    many: str
    cent: str = ""  # empty: two decimals are read as decimals
    cents: str = ""


_DOLLAR: Final = _Currency("dollar", "dollars", "cent", "cents")
_POUND: Final = _Currency("pound", "pounds", "penny", "pence")
_EURO: Final = _Currency("euro", "euros", "cent", "cents")
_YEN: Final = _Currency("yen", "yen")
_RUPEE: Final = _Currency("rupee", "rupees")
_CURRENCIES: Final = {
    "$": _DOLLAR,
    "US$": _Currency("US dollar", "US dollars", "cent", "cents"),
    "A$": _Currency("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": _Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "£": _POUND,
    "€": _EURO,
    "¥": _YEN,
    "₹": _RUPEE,
    "Rs.": _RUPEE,
    "₩": _Currency("won", "won"),
    "₽": _Currency("ruble", "rubles"),
    "₿": _Currency("bitcoin", "bitcoins"),
    "USD": _DOLLAR,
    "EUR": _EURO,
    "GBP": _POUND,
    "JPY": _YEN,
    "INR": _RUPEE,
    "CHF": _Currency("Swiss franc", "Swiss francs"),
    "CAD": _Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "AUD": _Currency("Australian dollar", "Australian dollars", "cent", "cents"),
}
_SCALES: Final = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "mm": "million",
    "b": "billion",
    "bn": "billion",
    "t": "trillion",
    "tn": "trillion",
}
_SCALE_WORDS: Final = "hundred|thousand|million|billion|trillion"
_SCALE: Final = rf"(?:(?P<short>[kKMBT]|mn|mm|bn|tn|m|b)\b|\s(?P<scale>{_SCALE_WORDS})\b)?"
_CURRENCY: Final = rf"(?P<currency>{any_of(_CURRENCIES)})"
_AMOUNT: Final = rf"(?P<amount>{NUMBER}|\.\d++)"


def _money(match: re.Match[str]) -> str:
    currency = _CURRENCIES[match["currency"]]
    minus = "minus " if match["minus"] else ""
    article = match["article"] or ""
    scale = _SCALES[match["short"].lower()] if match["short"] else match["scale"]
    is_adjective = bool(article) and bool(match["noun"])
    return f"{article}{minus}{_in_words(match['amount'], scale, currency, is_adjective=is_adjective)}"


def _money_after(match: re.Match[str]) -> str:
    return _in_words(re.sub(r",(?=\d\d$)", ".", match["amount"]), None, _CURRENCIES[match["currency"]])


def _money_range(match: re.Match[str]) -> str | None:
    if match["other"] not in (None, match["currency"]):
        return None
    scale = _SCALES[match["short"].lower()] if match["short"] else match["scale"]
    first = amount(match["first"]) + (f" {scale}" if scale and match["other"] else "")
    return f"{first} to {_in_words(match['amount'], scale, _CURRENCIES[match['currency']])}"


def _in_words(written: str, scale: str | None, currency: _Currency, *, is_adjective: bool = False) -> str:
    if scale:
        return f"{amount(_with_zero(written))} {scale} {currency.one if is_adjective else currency.many}"
    whole, _, decimals = _with_zero(written).partition(".")
    if len(decimals) != 2 or not currency.cent:  # noqa: PLR2004 - cents
        words = amount(_with_zero(written))
        return f"{words} {currency.one if words == 'one' or is_adjective else currency.many}"
    units, cents = int(whole.replace(",", "")), int(decimals)
    unit = currency.one if units == 1 or (is_adjective and not cents) else currency.many
    main = f"{amount(whole)} {unit}"
    if not cents:
        return main
    rest = f"{cardinal(cents)} {currency.cent if cents == 1 else currency.cents}"
    return f"{main} and {rest}" if units else rest


def _with_zero(written: str) -> str:
    return f"0{written}" if written.startswith(".") else written


def _cents(match: re.Match[str]) -> str:
    words = amount(match["amount"])
    return f"{words} cent{'' if words == 'one' else 's'}"


_PER: Final = (
    r"/(?=(?:second|minute|hour|day|night|week|month|year|person|user|seat|unit|item|token|character|word)s?\b)"
)

RULES: Final[tuple[Rule, ...]] = (
    rule(
        rf"(?<![\w$£€]){_CURRENCY}\s?(?P<first>{NUMBER})\s?[-–—]\s?(?P<other>{any_of(_CURRENCIES)})?{_AMOUNT}{_SCALE}"
        rf"(?![\w%]|[.,]\d)",
        _money_range,
    ),
    rule(
        rf"(?P<article>\b[Aa]n? )?(?<![\w$£€])(?P<minus>[-−])?{_CURRENCY}\s?{_AMOUNT}{_SCALE}"
        rf"(?P<noun>(?=[ -][a-z]))?",
        _money,
    ),
    rule(rf"(?<![\w.,])(?P<amount>\d{{1,3}}(?:,\d{{3}})*+,\d\d|{NUMBER})\s?{_CURRENCY}(?!\w)", _money_after),
    rule(rf"(?<![\w.,])(?P<amount>{NUMBER})\s?¢", _cents),
    rule(rf"(?<=[a-z]){_PER}", " per "),
)
