"""Measures how well the language of short texts is told: `python -m bench.languages`.

Precision and recall for each language of tests/data/languages, once for the sentences that the lists of words were
written with (`sentences.txt`, `english.txt`), once for those that were written later, and with which only the constants
were tuned (`unseen.txt`, `english_unseen.txt`). English and None count as one answer: both are read as English.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from audio_gateway.text.language import language_of

DATA = Path(__file__).parents[1] / "tests" / "data" / "languages"


def labelled(foreign: str, english: str) -> Iterator[tuple[str, str]]:
    language = ""
    for line in (DATA / foreign).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            language = line.strip("[]")
        elif line:
            yield language, line
    for line in (DATA / english).read_text(encoding="utf-8").splitlines():
        yield "en", line


def main() -> None:
    for names in (("sentences.txt", "english.txt"), ("unseen.txt", "english_unseen.txt")):
        answers = [(language, language_of(text) or "en") for language, text in labelled(*names)]
        asked, told = Counter(language for language, _ in answers), Counter(told for _, told in answers)
        right = Counter(language for language, told in answers if language == told)
        print(f"\n{names[0]}: {right.total() - right['en']} of {asked.total() - asked['en']} foreign texts right;")
        print(f"{asked['en'] - right['en']} of {asked['en']} English ones taken for foreign")
        for language in sorted(asked):
            precision = right[language] / told[language] if told[language] else 0
            print(f"{language}  precision {precision:.2f}  recall {right[language] / asked[language]:.2f}")
    for language, text in (
        ("English", "The quick brown fox jumps over the lazy dog. "),
        ("Polish", "Nie wiem, co robić. "),
    ):
        long = (text * 300)[:4096]
        start = time.process_time()
        language_of(long)
        print(f"4,096 characters of {language}: {(time.process_time() - start) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
