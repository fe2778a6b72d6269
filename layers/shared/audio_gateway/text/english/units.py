"""Measures: a number and its unit, `5 km`, `20°C`, `5'10"`."""

# ruff: noqa: RUF001 - signs that look like others

from __future__ import annotations

import re
from typing import Final

from audio_gateway.text.english.numbers import NUMBER, amount
from audio_gateway.text.english.rules import Rule, any_of, listed, rule

_TABLE: Final = """
km=kilometer m=meter cm=centimeter mm=millimeter nm=nanometer μm=micrometer mi=mile yd=yard ft=foot/feet
kg=kilogram g=gram mg=milligram μg=microgram mcg=microgram t=ton lb=pound lbs=pound oz=ounce
l=liter L=liter ml=milliliter mL=milliliter cl=centiliter dl=deciliter gal=gallon
s=second sec=second secs=second ms=millisecond μs=microsecond ns=nanosecond
min=minute mins=minute h=hour hr=hour hrs=hour yr=year yrs=year
Hz=hertz/hertz kHz=kilohertz/kilohertz MHz=megahertz/megahertz GHz=gigahertz/gigahertz
KB=kilobyte kB=kilobyte MB=megabyte GB=gigabyte TB=terabyte PB=petabyte
KiB=kibibyte MiB=mebibyte GiB=gibibyte TiB=tebibyte kb=kilobit Mb=megabit Gb=gigabit
V=volt kV=kilovolt mV=millivolt W=watt kW=kilowatt MW=megawatt GW=gigawatt mA=milliamp
kWh=kilowatt_hour MWh=megawatt_hour mAh=milliamp_hour J=joule kJ=kilojoule kcal=kilocalorie cal=calorie
Pa=pascal hPa=hectopascal kPa=kilopascal psi=PSI/PSI dB=decibel px=pixel pt=point rpm=RPM/RPM fps=FPS/FPS
ha=hectare sqft=square_foot/square_feet cc=CC/CC Ω=ohm kΩ=kilohm
mph=mile_per_hour/miles_per_hour kph=kilometer_per_hour/kilometers_per_hour kmh=kilometer_per_hour/kilometers_per_hour
bps=bit_per_second/bits_per_second kbps=kilobit_per_second/kilobits_per_second
Mbps=megabit_per_second/megabits_per_second Gbps=gigabit_per_second/gigabits_per_second pct=percent/percent
"""
_DIVISORS: Final = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "l": "liter"}
_WITH_STOP: Final = frozenset(listed("min mins sec secs hr hrs yr yrs ft lb lbs oz mi gal"))
_SCALES: Final = {"C": " Celsius", "F": " Fahrenheit", "": ""}


def _units() -> dict[str, tuple[str, str]]:
    units = {}
    for entry in _TABLE.split():
        symbol, _, names = entry.replace("_", " ").partition("=")
        one, _, many = names.partition("/")
        units[symbol] = (one, many or f"{one}s")
    return units


_UNITS: Final = _units()
_UNIT: Final = rf"(?P<unit>{any_of(list(_UNITS))})(?P<power>\^?[23²³])?(?:/(?P<per>{any_of(_DIVISORS)}))?"


def _measure(match: re.Match[str]) -> str:
    joint = match["joint"]
    words = amount(match["amount"])
    stop = "" if match["unit"] in _WITH_STOP else match["stop"] or ""
    return f"{words}{'-' if joint == '-' else ' '}{_unit(match, is_one=words == 'one' or joint == '-')}{stop}"


def _measure_range(match: re.Match[str]) -> str:
    return f"{amount(match['first'])} to {amount(match['amount'])} {_unit(match, is_one=False)}"


def _unit(match: re.Match[str], *, is_one: bool) -> str:
    words = _UNITS[match["unit"]][0 if is_one else 1]
    if match["power"]:
        words = f"{'cubic' if match['power'][-1] in '3³' else 'square'} {words}"
    return f"{words} per {_DIVISORS[match['per']]}" if match["per"] else words


def _degrees(match: re.Match[str]) -> str:
    words = amount(match["amount"])
    return f"{words} degree{'' if words == 'one' else 's'}{_SCALES[match['scale'] or '']}"


def _height(match: re.Match[str]) -> str:
    return f"{amount(match['feet'])} foot {amount(match['inches'])}"


def _inches(match: re.Match[str]) -> str:
    words = amount(match["amount"])
    return f"{words} inch{'' if words == 'one' or match['joint'] == '-' else 'es'}"


def with_inch_marks(text: str) -> str:
    """The text with ″ for each `"` that means inches: behind a digit, where no quotation is open in the line."""
    is_open = False

    def read(match: re.Match[str]) -> str:
        nonlocal is_open
        if match[0] == '"' and not is_open and match.string[match.start() - 1 : match.start()].isdigit():
            return "″"
        is_open = match[0] == '"' and not is_open
        return match[0]

    return re.sub('["\n]', read, text)


RULES: Final[tuple[Rule, ...]] = (
    rule(r"(?<![\w.])(?P<feet>\d)'\s?(?P<inches>1?\d)(?:″|'')", _height),
    rule(r"(?<![\w.])(?P<feet>\d)\s?ft\.? (?P<inches>1?\d)\s?in\b", _height),
    rule(rf"(?<![\w.])(?P<amount>{NUMBER})(?P<joint>-)?(?:in\b(?!-)|″)", _inches),
    rule(rf"(?<![\w.,])(?P<amount>{NUMBER})\s?°\s?(?P<scale>[CF])?(?!\w)", _degrees),
    rule(rf"(?<![\w.,])(?P<first>{NUMBER})\s?[-–]\s?(?P<amount>{NUMBER})\s?{_UNIT}(?!\w|[/'’]\w)", _measure_range),
    rule(
        rf"(?<![\w.,])(?P<amount>{NUMBER})(?P<joint>-|\s?){_UNIT}(?!\w|[/'’]\w)(?P<stop>\.(?= [a-z]))?",
        _measure,
    ),
)
