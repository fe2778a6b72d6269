"""A catalogue on a stack that lacks some engines: what is left, and who takes over which name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.catalog.load import build_catalog
from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import ConfigurationError

SPEECH, AUDIO = {"usd_per_million_characters": "0"}, {"usd_per_minute": "0"}
ENGINES = {
    "hibari": (["speech"], SPEECH),
    "espeak-ng": (["speech"], SPEECH),
    "moonshine-tiny": (["transcriptions"], AUDIO),
    "whisper-base": (["transcriptions", "translations"], AUDIO),
}
SHIPPED = {
    "hibari": {"aliases": ["tts-1", "tts-1-hd"], "fallbacks": ["espeak-ng"]},
    "espeak-ng": {},
    "moonshine-tiny": {"aliases": ["gpt-4o-transcribe"], "fallbacks": ["whisper-base"]},
    "whisper-base": {"aliases": ["whisper-1"], "fallbacks": ["moonshine-tiny"]},
}  # fmt: skip


def catalog_of(models: dict[str, Any], *engines: str, every: bool = False) -> Catalog:
    """Each model is named like its engine, or has an `upstream`; one with `remote` is another provider's."""
    entries = []
    for name, fields in models.items():
        given = dict(fields)
        remote = given.pop("remote", False)
        endpoints, price = ENGINES["hibari" if remote else given.get("upstream", name)]
        entries.append(
            {"id": name, "provider": "remote" if remote else "here", "endpoints": endpoints, "price": price} | given
        )
    providers = {"here": {"adapter": "embedded"}, "remote": {"adapter": "openai", "base_url": "https://h"}}
    return build_catalog({"providers": providers, "models": entries}, "catalog.toml", None if every else engines)


def named(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    return {m.id: m.aliases for m in catalog.models.values()}


def test_with_all_engines_and_without_a_list_of_them_nothing_changes() -> None:
    every = catalog_of(SHIPPED, every=True)
    assert every == catalog_of(SHIPPED, *ENGINES) == catalog_of(SHIPPED, *ENGINES, "another")
    assert (list(every.models), every.missing) == (list(ENGINES), ())


@pytest.mark.parametrize(
    ("missing", "moved"),
    [
        ("hibari", {"espeak-ng": ("tts-1", "tts-1-hd")}),
        ("espeak-ng", {}),
        ("whisper-base", {"moonshine-tiny": ("gpt-4o-transcribe", "whisper-1")}),
        ("moonshine-tiny", {"whisper-base": ("whisper-1", "gpt-4o-transcribe")}),
        ("moonshine-tiny whisper-base", {}),
        ("hibari espeak-ng", {}),
    ],
)
def test_the_shipped_models_take_over_from_each_other(missing: str, moved: dict[str, tuple[str, ...]]) -> None:
    gone = missing.split()
    catalog = catalog_of(SHIPPED, *(set(ENGINES) - set(gone)))
    unchanged = {name: aliases for name, aliases in named(catalog_of(SHIPPED, every=True)).items() if name not in gone}
    assert named(catalog) == unchanged | moved
    assert [each.id for each in catalog.missing] == [name for name in ENGINES if name in gone]
    assert not {name for m in catalog.models.values() for name in m.fallbacks} & set(gone)


def test_a_missing_fallback_is_replaced_by_its_own_fallbacks() -> None:
    models = {
        "first": {"upstream": "hibari", "aliases": ["tts-1"], "fallbacks": ["second", "third"]},
        "second": {"upstream": "hibari", "fallbacks": ["first", "fourth"]},
        "third": {"remote": True},
        "fourth": {"upstream": "espeak-ng"},
    }
    assert named(catalog_of(models, "espeak-ng")) == {"third": (), "fourth": ("tts-1",)}
    assert named(catalog_of(models)) == {"third": ("tts-1",)}


def test_models_that_fall_back_to_each_other_may_all_be_missing() -> None:
    models = {
        "a": {"upstream": "hibari", "aliases": ["tts-1"], "fallbacks": ["b"]},
        "b": {"upstream": "hibari", "fallbacks": ["a"]},
        "c": {"remote": True},
    }
    catalog = catalog_of(models)
    assert named(catalog) == {"c": ()}
    assert catalog.missing[0].reason.endswith("No fallback can take over tts-1.")
    assert catalog.missing[1].reason == "The engine 'hibari' is not installed in this stack."


def test_a_model_for_other_endpoints_takes_over_nothing() -> None:
    models = {
        "translates": {
            "upstream": "whisper-base", "endpoints": ["translations"], "aliases": ["t"], "fallbacks": ["whisper-base"],
        },
        "whisper-base": {"aliases": ["whisper-1"], "fallbacks": ["moonshine-tiny"]},
        "moonshine-tiny": {},
    }  # fmt: skip
    catalog = catalog_of(models, "moonshine-tiny")
    assert named(catalog) == {"moonshine-tiny": ("whisper-1",)}
    assert catalog.missing[0].reason.endswith("No fallback can take over t.")


def test_the_id_of_a_missing_model_names_nothing() -> None:
    catalog = catalog_of(
        {"tts-1": {"upstream": "hibari", "fallbacks": ["other"]}, "other": {"remote": True, "aliases": ["tts-1"]}}
    )
    assert catalog.find("tts-1") is None


def test_a_model_of_another_provider_needs_no_engine() -> None:
    catalog = catalog_of({"hibari": {"remote": True}})
    assert (list(catalog.models), catalog.missing) == (["hibari"], ())


def test_mistakes_are_reported_whatever_is_installed() -> None:
    with pytest.raises(ConfigurationError, match="fallbacks"):
        catalog_of({"hibari": {"fallbacks": ["nobody"]}})


names = st.sampled_from(sorted(ENGINES))


@given(st.sets(names), st.dictionaries(names, st.lists(names, max_size=4, unique=True), min_size=1))
def test_what_is_left_is_a_catalogue_that_names_nothing_missing(
    engines: set[str], fallbacks: dict[str, list[str]]
) -> None:
    models = {
        name: {
            "aliases": [f"{name}-1"],
            "fallbacks": [
                other
                for other in others
                if other in fallbacks and other != name and set(ENGINES[name][0]) & set(ENGINES[other][0])
            ],
        }
        for name, others in fallbacks.items()
    }
    whole = catalog_of(models, every=True)
    try:
        left = catalog_of(models, *engines)
    except ConfigurationError:
        assert not engines & models.keys()
        return
    assert set(left.models) == engines & models.keys()
    assert {each.id for each in left.missing} == models.keys() - engines
    assert len(set(left.names())) == len(left.names())
    for m in left.models.values():
        assert set(m.fallbacks) == set(whole.models[m.id].fallbacks) & left.models.keys()
        assert set(m.aliases) >= set(whole.models[m.id].aliases)
        for alias in m.aliases:
            owner = whole.find(alias)
            assert owner is not None
            assert owner.id == m.id or (owner.id not in left.models and owner.endpoints & m.endpoints)
