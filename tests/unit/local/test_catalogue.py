from __future__ import annotations

from pathlib import Path

import pytest

from local.catalogue import CatalogueCheck, variables_named
from local.settings import StackError


def test_every_env_reference_is_found_however_deep(tmp_path: Path) -> None:
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


LAYER = [Path("layers/shared"), Path(".local/layers/shared/python")]


def test_a_catalogue_with_a_mistake_is_refused_by_entry_and_field(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(
        '[providers.p]\nadapter = "embedded"\n[[models]]\nid = "espeak-ng"\nprovider = "p"\nendpoints = ["speech"]'
    )

    with pytest.raises(StackError, match=r"catalogue is wrong: .*espeak-ng.*price"):
        CatalogueCheck(path, LAYER).finish()


def test_the_shipped_catalogue_is_right() -> None:
    CatalogueCheck(Path("layers/shared/catalog.toml"), LAYER).finish()
