"""Languages by code and by English name.

Codes are ISO 639-1, names are the lower-case English ones in OpenAI's `verbose_json`. Two languages of Whisper have no
two-letter code, and keep three letters: Cantonese and Hawaiian.
"""

from __future__ import annotations

from typing import Final

_TABLE: Final = """
aa afar;ab abkhazian;ae avestan;af afrikaans;ak akan;am amharic;an aragonese;ar arabic;as assamese;av avaric;ay aymara
az azerbaijani;ba bashkir;be belarusian;bg bulgarian;bh bihari;bi bislama;bm bambara;bn bengali;bo tibetan;br breton
bs bosnian;ca catalan;ce chechen;ch chamorro;co corsican;cr cree;cs czech;cu church slavic;cv chuvash;cy welsh
da danish;de german;dv divehi;dz dzongkha;ee ewe;el greek;en english;eo esperanto;es spanish;et estonian;eu basque
fa persian;ff fulah;fi finnish;fj fijian;fo faroese;fr french;fy western frisian;ga irish;gd scottish gaelic;gl galician
gn guarani;gu gujarati;gv manx;ha hausa;he hebrew;hi hindi;ho hiri motu;hr croatian;ht haitian creole;hu hungarian
hy armenian;hz herero;ia interlingua;id indonesian;ie interlingue;ig igbo;ii sichuan yi;ik inupiaq;io ido;is icelandic
it italian;iu inuktitut;ja japanese;jv javanese;ka georgian;kg kongo;ki kikuyu;kj kuanyama;kk kazakh;kl kalaallisut
km khmer;kn kannada;ko korean;kr kanuri;ks kashmiri;ku kurdish;kv komi;kw cornish;ky kyrgyz;la latin;lb luxembourgish
lg ganda;li limburgish;ln lingala;lo lao;lt lithuanian;lu luba-katanga;lv latvian;mg malagasy;mh marshallese;mi maori
mk macedonian;ml malayalam;mn mongolian;mr marathi;ms malay;mt maltese;my myanmar;na nauru;nb norwegian bokmal
nd north ndebele;ne nepali;ng ndonga;nl dutch;nn nynorsk;no norwegian;nr south ndebele;nv navajo;ny chichewa;oc occitan
oj ojibwa;om oromo;or oriya;os ossetian;pa punjabi;pi pali;pl polish;ps pashto;pt portuguese;qu quechua;rm romansh
rn rundi;ro romanian;ru russian;rw kinyarwanda;sa sanskrit;sc sardinian;sd sindhi;se northern sami;sg sango
sh serbo-croatian;si sinhala;sk slovak;sl slovenian;sm samoan;sn shona;so somali;sq albanian;sr serbian;ss swati
st southern sotho;su sundanese;sv swedish;sw swahili;ta tamil;te telugu;tg tajik;th thai;ti tigrinya;tk turkmen
tl tagalog;tn tswana;to tongan;tr turkish;ts tsonga;tt tatar;tw twi;ty tahitian;ug uighur;uk ukrainian;ur urdu;uz uzbek
ve venda;vi vietnamese;vo volapuk;wa walloon;wo wolof;xh xhosa;yi yiddish;yo yoruba;za zhuang;zh chinese;zu zulu
haw hawaiian;yue cantonese
"""

_NAMES: Final[dict[str, str]] = {
    code: name for code, _, name in (entry.partition(" ") for entry in _TABLE.strip().replace("\n", ";").split(";"))
}

_OTHER_CODES: Final[dict[str, str]] = {"jw": "jv", "zh-cn": "zh", "zh-hk": "zh", "zh-tw": "zh"}
"""Other codes that OpenAI accepts: Whisper's own for Javanese, and the three Chinese ones in its documentation."""

_OTHER_NAMES: Final[dict[str, str]] = {
    "burmese": "my",
    "castilian": "es",
    "flemish": "nl",
    "haitian": "ht",
    "letzeburgesch": "lb",
    "mandarin": "zh",
    "moldavian": "ro",
    "moldovan": "ro",
    "panjabi": "pa",
    "pushto": "ps",
    "sinhalese": "si",
    "uyghur": "ug",
    "valencian": "ca",
}

_CODES: Final[dict[str, str]] = {name: code for code, name in _NAMES.items()} | _OTHER_NAMES


def code_of(name_or_code: str) -> str | None:
    """The code of a language as a provider names it; None if it is unknown.

    Accepts names (`English`), codes (`en`, `EN`) and codes with a region or script (`en-US`, `pt_BR`).
    """
    wanted = name_or_code.strip().lower().replace("_", "-")
    if wanted in _CODES:
        return _CODES[wanted]
    primary = wanted.partition("-")[0]
    if primary in _NAMES:
        return primary
    return _OTHER_CODES.get(primary)


def name_of(code: str) -> str:
    """The lower-case English name of a language; the code itself if it is unknown."""
    known = code_of(code)
    return code if known is None else _NAMES[known]


def is_language_code(value: str) -> bool:
    """Whether `value` is allowed in the request field `language` (contract section 3.1).

    Like OpenAI, this refuses names, capitals, and regions other than the three Chinese ones.
    """
    return value in _NAMES or value in _OTHER_CODES
