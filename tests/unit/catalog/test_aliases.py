"""Other names for models: which there are, what they mean, and what a catalogue may not say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.catalog.load import build_catalog
from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import ConfigurationError, UnknownModel
from tests.unit.catalog.test_load import audio, document, problems, speech


def named(**aliases: list[str]) -> Catalog:
    return build_catalog(document(*(speech(id=name, aliases=others) for name, others in aliases.items())), "test")


def test_a_model_is_found_by_its_id_and_by_each_alias() -> None:
    catalog = named(say=["tts-1", "org/name x"], other=[])
    for name in ("say", "tts-1", "org/name x"):
        assert catalog.model_for(name, "speech").id == "say"
    assert catalog.names() == ("say", "tts-1", "org/name x", "other")
    assert catalog.find("tts-2") is None


def test_an_alias_that_is_another_models_id_names_that_model() -> None:
    for models in ({"say": ["tts-1"], "tts-1": []}, {"tts-1": [], "say": ["tts-1"]}):
        catalog = named(**models)
        assert catalog.model_for("tts-1", "speech").id == "tts-1"
        assert catalog.models["say"].aliases == ()
        assert sorted(catalog.names()) == ["say", "tts-1"]


def test_two_models_may_exchange_their_names() -> None:
    catalog = named(a=["b"], b=["a"])
    assert [catalog.model_for(name, "speech").id for name in "ab"] == ["a", "b"]


def test_models_without_aliases_have_none() -> None:
    assert named(say=[]).models["say"].aliases == ()
    assert build_catalog(document(speech()), "test").models["say"].aliases == ()


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ([speech(aliases="tts-1")], ["models[0] 'say': aliases: 'tts-1' should be a valid list"]),
        ([speech(aliases=[""])], ["aliases[0]: '' is not 1 to 200 printable ASCII characters"]),
        ([speech(aliases=["x" * 201])], ["aliases[0]"]),
        ([speech(aliases=["tts\n1"])], ["aliases[0]: 'tts\\n1' is not"]),
        ([speech(aliases=["tts-1", " x"])], ["aliases[1]: ' x' is not"]),
        ([speech(aliases=[1])], ["aliases[0]: 1 should be a valid string"]),
        ([speech(aliases=["say"])], ["aliases[0]: 'say' is the id of the model itself"]),
        ([speech(aliases=["a", "b", "a"])], ["aliases[2]: 'a' appears twice"]),
        (
            [speech(aliases=["a"]), audio(aliases=["b", "a"])],
            ["models[1] 'hear': aliases[1]: 'a' is already an alias of models[0] 'say'"],
        ),
        (
            [speech(aliases=["a"], max_bytes=0), audio(aliases=["a"])],
            ["max_bytes: 0", "'a' is already an alias of models[0] 'say'"],
        ),
        ([speech(alias=["a"])], ["alias: is not a known field", "did you mean 'aliases'?"]),
    ],
)
def test_each_mistake_of_an_alias_names_its_place(models: list[dict[str, Any]], words: list[str]) -> None:
    message = problems(document(*models))
    for word in words:
        assert word in message


def test_a_fallback_is_named_by_its_id() -> None:
    message = problems(document(speech(fallbacks=["tts-1"]), speech(id="b", aliases=["tts-1"])))
    assert "models[0] 'say': fallbacks[0]: 'tts-1' is an alias; write the model's id, 'b'" in message
    message = problems(document(speech(fallbacks=["tts-1"], aliases=["tts-1"])))
    assert "fallbacks[0]: 'tts-1' is the model itself" in message


def test_a_fallback_may_have_the_name_that_another_model_lost_to_it() -> None:
    catalog = build_catalog(document(speech(fallbacks=["tts-1"], aliases=["tts-1"]), speech(id="tts-1")), "test")
    assert catalog.models["say"].fallbacks == ("tts-1",)


def test_an_unknown_name_gets_the_ids_and_the_closest_name() -> None:
    catalog = named(say=["tts-1"], other=[])
    with pytest.raises(UnknownModel) as caught:
        catalog.model_for("tts1", "speech")
    assert caught.value.message.endswith("Models for speech: say, other; did you mean 'tts-1'?")
    with pytest.raises(UnknownModel) as caught:
        catalog.model_for("whatever-it-is", "speech")
    assert caught.value.message.endswith("Models for speech: say, other.")
    with pytest.raises(UnknownModel) as caught:
        catalog.model_for("tts1", "translations")  # which 'tts-1' does not serve
    assert caught.value.message.endswith("Models for translations: none.")


def test_an_alias_of_a_model_for_another_endpoint_is_refused_by_the_name_that_was_asked_for() -> None:
    with pytest.raises(UnknownModel, match="The model 'tts-1' serves speech, not transcriptions"):
        named(say=["tts-1"]).model_for("tts-1", "transcriptions")


names = st.sampled_from(["a", "b", "c", "d", "e"])


@given(st.dictionaries(names, st.lists(names, max_size=4), min_size=1))
def test_in_every_catalogue_a_name_means_one_model_and_an_id_means_its_own(models: dict[str, list[str]]) -> None:
    try:
        catalog = named(**models)
    except ConfigurationError:
        given = [alias for model_id, aliases in models.items() for alias in aliases]
        assert len(given) != len(set(given)) or any(name in aliases for name, aliases in models.items())
        return
    assert len(set(catalog.names())) == len(catalog.names())
    assert set(catalog.names()) == {*models, *(alias for aliases in models.values() for alias in aliases)}
    for name in catalog.names():
        found = catalog.model_for(name, "speech")
        assert found.id == name if name in models else name in models[found.id]
