"""How an unknown English word is probably pronounced, by its letters.

It need not be right: the alignment looks for the best place of the word, and its neighbours are known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

# Letters and their phones in ARPAbet, as the acoustic model names them. The first rule that fits is taken; `^` is the
# beginning of the word and `$` its end, V a vowel and C a consonant, which only have to follow.
_RULES: Final = """
^kn N; ^gn N; ^pn N; ^wr R; ^ps S; ^rh R; ^x Z; ^mc M AH K; ^y Y; ^eu Y UW; ^gh G; ^wh W; ^h(?=onest|our|eir)
ough(?=t) AO; ough$ AH F; ough OW; augh(?=t) AO; augh AE F; eigh EY; igh AY; gh; tions$ SH AH N Z; tion SH AH N
ssion SH AH N; sion ZH AH N; cian SH AH N; tious SH AH S; cious SH AH S; cial SH AH L; tial SH AH L; ture$ CH ER
sure$ ZH ER; sch SH; tch CH; dge JH; chr K R; ch CH; sh SH; th TH; ph F; ck K; qu K W; q K; sc(?=[eiy]) S
c(?=[eiy]) S; cc(?=[eiy]) K S; gg G; g(?=[eiy]) JH; ng(?=$|[^aeiouy]) NG; ng NG G; n(?=[kqx]) NG; mb$ M; dd D; bb B
ff F; ll L; mm M; nn N; pp P; rr R; ss S; tt T; zz Z; cc K; vv V; kk K; eer IH R; ear IH R; air EH R; are$ EH R
ere$ IH R; ire$ AY ER; ure$ Y UH R; ore$ AO R; oar AO R; oor AO R; our AO R; ous$ AH S; able$ AH B AH L
ible$ AH B AH L; age$ IH JH; ace$ EY S; ice$ AY S; ism$ IH Z AH M; ate$ EY T; ine$ AY N; ive$ IH V; ai EY; ay EY
au AO; aw AO; ar AA R; a(?=Ce[sd]?$) EY; a(?=[lw]k) AO; a$ AH; a AE; eau OW; ee IY; ea IY; ei IY; ey$ IY; ey EY; eu UW
ew UW; er(?=V) EH R; er ER; e(?=Ces?$) IY; es(?<=[sxz]es)$ IH Z; es(?<=ches)$ IH Z; es(?<=shes)$ IH Z; es$ Z
ed(?<=[td]ed)$ IH D; ed(?<=[pkfsxh]ed)$ T; ed$ D; e(?<=^[^aeiouy]e)$ IY; e(?<=^[^aeiouy][^aeiouy]e)$ IY
le(?<=[^aeiouy]le)$ AH L; e$; e EH; igh AY; ie$ IY; ies$ IY Z; ie IY; ia IY AH; io IY OW; ir ER; i(?=Ce[sd]?$) AY
i(?=nd$|ld$) AY; i$ IY; ing$ IH NG; i IH; oa OW; oe$ OW; oi OY; oy OY; oo UW; ou AW; ow$ OW; ow AW; or AO R
o(?=Ce[sd]?$) OW; o(?=l[dlt]) OW; o$ OW; os$ OW Z; o AA; ue$ UW; ui UW; ur ER; u(?=Ce[sd]?$) UW; u(?=CV) UW; u AH
y(?=V) Y; y(?=Ce$) AY; y(?<=^[^aeiouy]y)$ AY; y(?<=^[^aeiouy][^aeiouy]y)$ AY; y$ IY; y IH; b B; c K; d D; f F; g G
h HH; j JH; k K; l L; m M; n N; p P; r R; s(?<=[aeiouybdglmnrvwz]s)$ Z; s S; t T; v V; w W; x K S; z Z
"""
_READ: Final = tuple(rule.partition(" ") for rule in re.split(r"; |\n", _RULES) if rule)
_ANY: Final = re.compile(
    "|".join(f"({letters.replace('V', '[aeiouy]').replace('C', '[^aeiouy]')})" for letters, _, _ in _READ)
)
_NAMES: Final = [
    "EY",
    "B IY",
    "S IY",
    "D IY",
    "IY",
    "EH F",
    "JH IY",
    "EY CH",
    "AY",
    "JH EY",
    "K EY",
    "EH L",
    "EH M",
    "EH N",
    "OW",
    "P IY",
    "K Y UW",
    "AA R",
    "EH S",
    "T IY",
    "Y UW",
    "V IY",
    "D AH B AH L Y UW",
    "EH K S",
    "W AY",
    "Z IY",
]


def sounds_of(word: str) -> str:
    """ARPAbet phones, separated by spaces; of a word without letters of the Latin alphabet, an indistinct vowel."""
    letters = plain_letters(word)
    return " ".join(_phones(letters)) or "AH"


def spelled(word: str) -> str:
    """The names of the letters, for abbreviations such as `DVLA`."""
    return " ".join(_NAMES[ord(letter) - ord("a")] for letter in plain_letters(word)) or "AH"


def plain_letters(word: str) -> str:
    """The word in lower-case letters from a to z, without accents and anything else."""
    return re.sub("[^a-z]", "", unicodedata.normalize("NFKD", word).lower())


def _phones(letters: str) -> Iterator[str]:
    for found in _ANY.finditer(letters):
        if found.lastindex is not None:
            _, _, phones = _READ[found.lastindex - 1]
            yield from phones.split()
