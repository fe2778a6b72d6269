"""Words in capitals: shouting is read as words, an acronym is left to be spelled."""

# ruff: noqa: RUF001 - quotation marks

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]++(?:['’][^\W\d_]++)*+")
_I_AM: Final = re.compile(r"\bI AM\b")
_SHOUTED: Final = 0.5  # of the letters in a line of several words
_LONGEST_ACRONYM: Final = 5

_ACRONYM_LIST: Final = """
ai am api apis asap atm aws bbc bbq btw cd ceo cfo cia cms cnn cpu css csv cto ctrl db dc diy dj dna dns dvd ecg edt
esp est eta eu faq faqs fbi fda fm fyi gb gdp gmt gps gpu hd hdmi hiv hq hr html http https ibm id ids imf imo ios ip
iq irs iso isp ivr jpg js jfk json kfc kpi la lcd led llc llm lol lp mb mba mbps md mit ml mp mri mtv nba nbc ngo
nhl nfl nhs nlp npc nsa nsfw nyc nypd oecd ok os pc pcb pdf pdfs phd php pm png pr ps qa qr rgb rip rna rsvp saas
sdk sec seo sim sms sos sql ssd ssl ssn suv tb tba tbd tcp tls ttl tts tv tvs uae ufo ui uk un uri url urls usa usb
usd ux vat vip vm vpn vr wc wi wto www xml yaml ymca zip
"""
_ACRONYMS: Final = frozenset(_ACRONYM_LIST.split())
"""Spelled even in a line of capitals."""

_SAID: Final = {"JSON": "Jason", "YAML": "yammel", "TOML": "tommel", "GIF": "gif", "JPEG": "jay peg"}
"""Acronyms that people read as words which the engine's lexicon lacks."""

_WORD_LIST: Final = """
about above after again all also always and any are back bad be because been before best big both but buy by call
can care cat come day did do does dog done down each easy end even ever every far few find fine first for free from
full fun game get give go god gold good got great had hard has have he hello help her here high him his hot how huge
if in into is job join just keep key kid kids know last late learn left less let life like line list live long look
lost lot love low made main make man many may me mean men mind more most much must my near need never new next nice
night no none not note now of off old on once one only open or order other our out over own part past pay plan play
please put read ready real red right run safe said sale same save say see sell send set she shop show sign slow small
so some soon sorry start stay step still stop such sure take talk tell test text than thank thanks that the their them
then there these they thing think this those time tiny tip to today told too top total true try turn two under until up
use used very wait walk want war was way we week well went were what when where which while whole why will win wish
with word work world wow wrong yes yet you your zero
"""
_WORDS: Final = frozenset(_WORD_LIST.split())
"""Short words that stay words when one of them is written in capitals; any other short one may be an acronym."""


def without_shouting(text: str) -> str:
    """The text with capitals only where they say something: of lines of capitals, and of words that only stress.

    Names that are mostly capitals stay: the engine spells what it does not know as a word.
    """
    return "\n".join(_line(line) for line in _I_AM.sub("I am", text).split("\n"))


def _line(line: str) -> str:
    words = [match[0] for match in _WORD.finditer(line)]
    shouted = sum(len(word) for word in words if _is_capitals(word))
    cased = sum(len(word) for word in words if word.upper() != word.lower())
    is_shouted = sum(map(_is_capitals, words)) > 1 and shouted >= _SHOUTED * cased and _holds_words(words)
    return _WORD.sub(lambda match: _word(match[0], is_shouted=is_shouted), line)


def _holds_words(words: list[str]) -> bool:
    return any(word.lower() in _WORDS or len(word) > _LONGEST_ACRONYM for word in words if _is_capitals(word))


def _word(word: str, *, is_shouted: bool) -> str:
    if not _is_capitals(word):
        return word
    if word in _SAID:
        return _SAID[word]
    lower = word.lower()
    if is_shouted:
        return word if lower in _ACRONYMS else lower
    return lower if lower in _WORDS or len(word) > _LONGEST_ACRONYM else word


def _is_capitals(word: str) -> bool:
    return len(word) > 1 and word.isupper()
