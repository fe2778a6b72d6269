"""The engines that run inside the gateway, each a model."""

from __future__ import annotations

from typing import Final

from audio_gateway.catalog.adapter_spec import AdapterSpec
from audio_gateway.catalog.defaults import Defaults
from audio_gateway.catalog.models import OPENAI_VOICES

# A speed factor is below what one processor reaches: requests must also fit on a busy one.

_HIBARI: Final = Defaults(
    speed_factor=20.0,
    capabilities=frozenset({"speed", "streaming"}),
    endpoints=frozenset({"speech"}),
    formats=("pcm",),
    voices={name: name for name in OPENAI_VOICES},
    ignore=frozenset({"instructions"}),
)

_ESPEAK_NG: Final = Defaults(
    speed_factor=50.0,
    capabilities=frozenset({"speed", "streaming"}),
    endpoints=frozenset({"speech"}),
    formats=("pcm",),
    # Accents and variants of eSpeak NG, female where OpenAI's voice sounds female, else male. All differ in pitch,
    # timbre or accent; alloy is in between, onyx the deepest, shimmer the softest.
    voices={
        "alloy": "en-us+f4:pitch=20",
        "ash": "en-us+m6:pitch=65",
        "ballad": "en-gb-scotland:pitch=40",
        "coral": "en-us+f3:pitch=65",
        "echo": "en-us:pitch=55",
        "fable": "en-gb+m5:pitch=65",
        "onyx": "en-us+m8:pitch=30",
        "nova": "en-us+f2:pitch=60",
        "sage": "en-us+f5:pitch=35",
        "shimmer": "en-us+f1:pitch=40",
        "verse": "en-us+m7:pitch=75",
        "marin": "en-us+linda:pitch=35",
        "cedar": "en-us+m4:pitch=40",
    },
    ignore=frozenset({"instructions"}),
)

_MOONSHINE_TINY: Final = Defaults(
    speed_factor=8.0,
    capabilities=frozenset({"words", "segments", "diarization", "streaming", "logprobs"}),
    endpoints=frozenset({"transcriptions"}),
    languages=("en",),
)

# All 99, by the codes of this gateway: `jv` is Whisper's `jw`.
_LANGUAGES_OF_WHISPER: Final = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is it ja
jv ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq
sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh
"""

_WHISPER_BASE: Final = Defaults(
    speed_factor=2.0,
    capabilities=frozenset({"words", "segments", "prompt", "temperature", "keywords", "streaming"}),
    endpoints=frozenset({"transcriptions", "translations"}),
    languages=tuple(_LANGUAGES_OF_WHISPER.split()),
    ignore=frozenset({"chunking_strategy"}),  # it cuts in pauses, as OpenAI's whisper-1 does
)

_NO_SERVER: Final = "which calls no server; leave it out"

SPEC: Final = AdapterSpec(
    name="embedded",
    factory="audio_gateway.providers.embedded.engines:make_adapter",
    models={
        "hibari": _HIBARI,
        "espeak-ng": _ESPEAK_NG,
        "moonshine-tiny": _MOONSHINE_TINY,
        "whisper-base": _WHISPER_BASE,
    },
    refuses={"base_url": _NO_SERVER, "api_key": _NO_SERVER},
    has_engines=True,
    lists_voices=True,
    starts_slowly=True,
)
