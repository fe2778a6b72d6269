"""Which language a text is written in."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Final

from audio_gateway.text.frequent_words import FREQUENT_WORDS
from audio_gateway.text.scripts import letters_by_script

_LETTERS_PER_SIGN: Final = {"han": 2.5, "kana": 2.5, "hangul": 2.5, "ethiopic": 2.0}
"""What a character of these scripts counts against letters of an alphabet, in which a word has more of them."""

_ONE_LANGUAGE: Final = {
    "greek": "el",
    "armenian": "hy",
    "thaana": "dv",
    "gurmukhi": "pa",
    "gujarati": "gu",
    "oriya": "or",
    "tamil": "ta",
    "telugu": "te",
    "kannada": "kn",
    "malayalam": "ml",
    "sinhala": "si",
    "thai": "th",
    "lao": "lo",
    "tibetan": "bo",
    "burmese": "my",
    "georgian": "ka",
    "hangul": "ko",
    "khmer": "km",
    "mongolian": "mn",
    "bopomofo": "zh",
}
_URL: Final = re.compile(r"[^\s]*+(?:(?<=://)|(?<=@))\S*")
_ADDRESS: Final = re.compile(r"\S*?(?:://|@|www\.)\S*|\S+\.(?:com|org|net|html?)\b\S*")
_WORD: Final = re.compile(r"[^\W\d_]+")
_MOST_CHARACTERS: Final = 20_000  # enough to tell; the rest is not read

# Letters that only these languages use, per script; the first language that has enough of them wins.
_BY_LETTERS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "cyrillic": (
        ("be", "ў"),
        ("uk", "їєґ"),
        ("mk", "ѓќѕ"),
        ("sr", "ђћљњџј"),
        ("kk", "әғқңұһ"),
        ("mn", "өү"),
        ("uk", "і"),
    ),
    "arabic": (("ur", "ٹڈڑںےہھ"), ("ps", "ټډړږښګڼې"), ("ku", "ڵێۆڕ"), ("fa", "پچژگکی")),
    "hebrew": (("yi", "װױײ"),),
    "devanagari": (("mr", "ळ"),),
    "bengali": (("as", "ৰৱ"),),
    "ethiopic": (),
}
_USUAL: Final = {
    "cyrillic": "ru",
    "arabic": "ar",
    "hebrew": "he",
    "devanagari": "hi",
    "bengali": "bn",
    "ethiopic": "am",
}
_RUSSIAN_ONLY: Final = "ыэё"
_WORDS_BY_SCRIPT: Final[dict[str, dict[str, str]]] = {
    "cyrillic": {
        "bg": "да е и на се не от за по ще как това съм беше които много който добър ден къде какво здравейте благодаря "
        "аз си ли са има може много вие ти моля утре днес искам",
        "ru": "и в не на я что он с как это а по но они к у ты из мы за вы так же от все она было мне меня бы спасибо "
        "где привет здравствуйте сегодня завтра пожалуйста",
        "mk": "и на да се во од за не со го како ќе сум што е јас ти благодарам здраво каде денес",
        "sr": "и је да се у на не за од су са што као ће сам како ја ти хвала здраво где данас добар дан",
        "uk": "і в не на я що він з як це а по але вони у ти ми за ви так від все вона було мені дякую де привіт "
        "сьогодні завтра будь ласка",
    },
    "devanagari": {
        "hi": "है हैं का की के में से को और यह वह नहीं मैं आप क्या था थे एक पर भी कर हो गया मुझे मेरा नाम कैसे",
        "mr": "आहे आहेत आणि मी तू तुम्ही काय नाही हा ही हे च्या चा ची चे ला मला माझे माझा होते कसे आपण नाव कुठे",
        "ne": "छ छन् र को मा ले लाई हो गर्न मेरो तपाईं तपाईंको के नाम छु हुन्छ यो त्यो भएको थियो कहाँ कस्तो",
    },
}
_JAPANESE_HAN: Final = frozenset("々駅円図働込県売読続対応発変様帰広実黒権験済沢辺関険択徳浜焼戦歩毎気畑峠")
_LEAST_KANA: Final = 0.06  # of Japanese text; a Chinese one may hold a の

_ACCENTS: Final[dict[str, str]] = {
    "de": "äöüß",
    "fr": "éèêëàâçîïôûùœ",
    "es": "áéíóúñü",
    "it": "àèéìòù",
    "pt": "ãõáâêéíóúçàô",
    "nl": "ëïé",
    "pl": "ąćęłńóśźż",
    "sv": "åäö",
    "da": "æøå",
    "nb": "æøå",
    "fi": "äö",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    "tr": "çğıöşü",
    "vi": "ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
    "hr": "čćđšž",
    "sl": "čšž",
    "et": "äöõüšž",
    "lv": "āčēģīķļņšūž",
    "lt": "ąčęėįšųūž",
    "ca": "àçèéíïòóúü",
    "is": "áðéíóúýþæö",
}
_ENGLISH: Final = "en"
_SIGN_ES: Final = "¿¡"


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language that most of `text` is written in; None if there is too little to tell.

    The script decides first. For Latin script, frequent words and letters with accents decide, and in doubt the answer
    is English or None, never another language: names, loan words and quotations do not make English text foreign. None
    therefore means: Latin script, and nothing that speaks against English; or no letters at all.
    """
    text = unicodedata.normalize("NFC", text[:_MOST_CHARACTERS])
    if text.isascii():
        return _latin_language(text)
    scripts = letters_by_script(text)
    weights = {script: letters.total() * _LETTERS_PER_SIGN.get(script, 1) for script, letters in scripts.items()}
    weights["han"] = weights.get("han", 0) + weights.pop("kana", 0) + weights.pop("bopomofo", 0)
    script = max(weights, key=weights.__getitem__)
    if not weights[script]:
        return None
    if script == "latin":
        return _latin_language(text)
    if script == "han":
        return _chinese_or_japanese(scripts)
    if script in _ONE_LANGUAGE:
        return _ONE_LANGUAGE[script]
    return _by_letters(script, scripts[script], text)


def _chinese_or_japanese(scripts: Mapping[str, Counter[str]]) -> str:
    han, kana = scripts.get("han", Counter[str]()), scripts.get("kana", Counter[str]()).total()
    if kana >= _LEAST_KANA * (han.total() + kana) and kana:
        return "ja"
    return "zh" if _JAPANESE_HAN.isdisjoint(han) else "ja"


def _by_letters(script: str, letters: Counter[str], text: str) -> str:
    folded: Counter[str] = Counter()
    for letter, count in letters.items():
        folded[letter.lower()] += count
    least = max(1, letters.total() // 200)
    for language, typical in _BY_LETTERS[script]:
        if sum(folded[letter] for letter in typical) >= least:
            return language
    words = _WORDS_BY_SCRIPT.get(script)
    if words is None or (script == "cyrillic" and any(letter in folded for letter in _RUSSIAN_ONLY)):
        return _USUAL[script]
    return _by_words(words, text) or _USUAL[script]


def _by_words(words: Mapping[str, str], text: str) -> str | None:
    found = Counter(re.findall(r"[^\s\d.,;:!?()\"'«»।-]+", text.lower()))
    scores = {language: sum(found[word] for word in set(known.split())) for language, known in words.items()}
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] else None


@cache
def _weights() -> Mapping[str, tuple[tuple[str, float], ...]]:
    """For each frequent word, its languages and its weight for them: the less, the more of them share it."""
    languages: defaultdict[str, list[str]] = defaultdict(list)
    for language, words in FREQUENT_WORDS.items():
        for word in set(words.split()):
            languages[word].append(language)
    return {word: tuple((language, len(known) ** -0.7) for language in known) for word, known in languages.items()}


@cache
def _accent_languages() -> Mapping[str, tuple[str, ...]]:
    languages: defaultdict[str, list[str]] = defaultdict(list)
    for language, accents in _ACCENTS.items():
        for accent in accents:
            languages[accent].append(language)
    return {accent: tuple(known) for accent, known in languages.items()}


def _latin_language(text: str) -> str | None:
    words = Counter(_WORD.findall(_ADDRESS.sub(" ", text).lower()))
    total = words.total()
    if not total:
        return None
    scores: defaultdict[str, float] = defaultdict(float)
    accents = _accent_languages()
    for word, count in words.items():
        known = _weights().get(word, ())
        for language, weight in known:
            scores[language] += weight * count
        if not known and not word.isascii():
            for letter in {*word} & accents.keys():
                for language in accents[letter]:
                    scores[language] += 0.5 * len(accents[letter]) ** -0.7 * count
    if any(sign in text for sign in _SIGN_ES):
        scores["es"] += 1
    english = scores.pop(_ENGLISH, 0.0)
    best = max(scores, key=scores.__getitem__, default=_ENGLISH)
    score = scores[best]
    if score >= 1.3 * english + 0.2 and score >= _least(total):
        return best
    return _ENGLISH if english else None


def _least(words: int) -> float:
    """The evidence that a text of so many words needs, to be foreign."""
    return max(0.6 * min(words, 2), 0.15 * words + 0.4)
