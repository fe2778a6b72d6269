from __future__ import annotations

from pathlib import Path

import pytest

from local.catalogue import CatalogueCheck, ServedModel, unreadable_keys, variables_named
from local.settings import StackError


def test_env_references_are_found_at_any_depth(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(
        """
        [providers.a]
        api_key = "env:B_KEY"
        headers = { "x-other" = "env:A_KEY", plain = "not env:C" }
        [[models]]
        id = "env:B_KEY"
        list = ["ssm:/x", "env:", ["env:D_KEY"]]
        # api_key = "env:COMMENTED_OUT"
        """
    )

    assert variables_named(path) == ("A_KEY", "B_KEY", "D_KEY")


@pytest.mark.parametrize("content", [b"providers = [", b"a = '\xff'"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalog.toml"
    path.write_bytes(content)

    with pytest.raises(StackError, match=r"catalog\.toml cannot be read: .*; correct it"):
        variables_named(path)


def test_the_shipped_catalogue_can_be_scanned() -> None:
    assert isinstance(variables_named(Path("layers/shared/catalog.toml")), tuple)


KEYS = """
[providers.acme]
api_key = "env:ACME_KEY"
[providers.there]
api_key = "env:THERE_KEY"
[providers.stored]
api_key = "ssm:/stored"
[providers.open]
[providers.unused]
api_key = "env:UNUSED_KEY"
"""
KEYS += "".join(f'[[models]]\nid = "{of}-{n}"\nprovider = "{of}"\n' for of in ("acme", "there", "stored", "open")
                for n in (1, 2))  # fmt: skip


def test_an_unreadable_key_is_reported_with_its_models_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(KEYS)
    environ = {"THERE_KEY": "sk-secret", "ACME_KEY": ""}

    acme, stored = unreadable_keys(path, environ, aws_is_ours=True)
    assert acme.startswith("acme-1, acme-2 cannot be served by 'acme'")
    assert "export ACME_KEY=" in acme
    assert stored.startswith("stored-1, stored-2 cannot be served by 'stored'")
    assert "ssm:/stored" in stored
    assert unreadable_keys(path, environ | {"ACME_KEY": "x"}, aws_is_ours=False) == []


def test_the_shipped_catalogue_needs_no_key() -> None:
    assert unreadable_keys(Path("layers/shared/catalog.toml"), {}, aws_is_ours=True) == []


SHIPPED = Path("layers/shared/catalog.toml")
ENGINES = ["hibari", "espeak-ng", "moonshine-tiny", "whisper-base"]
LAYER = [Path("layers/shared"), Path(".local/layers/shared/python")]


def test_a_mistake_in_the_catalogue_is_reported_with_entry_and_field(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(
        '[providers.p]\nadapter = "embedded"\n[[models]]\nid = "espeak-ng"\nprovider = "p"\nendpoints = ["speech"]'
    )

    with pytest.raises(StackError, match=r"catalogue is invalid: .*espeak-ng.*price"):
        CatalogueCheck(path, LAYER, ENGINES).finish()


def test_the_shipped_catalogue_is_served_with_openais_names() -> None:
    served = CatalogueCheck(SHIPPED, LAYER, ENGINES).finish()
    assert [model.names[0] for model in served.models] == ENGINES
    assert served.missing == ()
    speech = served.first("speech")
    assert speech is not None
    assert (speech.names[:2], speech.endpoints) == (("hibari", "tts-1"), ("speech",))
    assert "alloy" in speech.voices
    assert served.first("translations") == ServedModel(
        ("whisper-base", "whisper-1"), ("transcriptions", "translations"), ()
    )


def test_a_model_whose_engine_is_not_installed_is_named_with_the_reason() -> None:
    served = CatalogueCheck(SHIPPED, LAYER, [name for name in ENGINES if name != "whisper-base"]).finish()
    assert served.first("translations") is None
    (line,) = served.missing
    assert line.startswith("whisper-base is missing. The engine 'whisper-base' is not installed in this stack. ")
    assert line.endswith(" moonshine-tiny serves whisper-1 instead.")


def test_without_any_engine_the_stack_does_not_start() -> None:
    with pytest.raises(StackError, match="no model is left"):
        CatalogueCheck(SHIPPED, LAYER, []).finish()
