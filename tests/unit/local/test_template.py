from __future__ import annotations

from pathlib import Path

import pytest

from local.settings import StackError
from local.template import code_path, from_rendered
from local.template_cache import TemplateCache


def test_a_parameter_without_a_default_is_named() -> None:
    with pytest.raises(StackError, match="parameter Email needs a Default"):
        from_rendered({"Resources": {}, "Parameters": {"Email": {"Type": "String"}}}, "template.yaml")


def test_code_must_be_a_folder_of_the_project() -> None:
    assert code_path({"S3Bucket": "local", "S3Key": "functions/work/"}) == "functions/work"
    with pytest.raises(StackError, match="must be a folder of this project"):
        code_path({"S3Bucket": "elsewhere", "S3Key": "x.zip"})


def test_a_rendering_is_cached_until_a_file_the_translator_or_the_region_changes(tmp_path: Path) -> None:
    template, definition, file = tmp_path / "template.yaml", tmp_path / "jobs.asl.json", tmp_path / "new" / "cache.json"
    template.write_text("a")
    definition.write_text("b")

    def cache(translator: str = "1", region: str = "r") -> TemplateCache:
        return TemplateCache(file, translator=translator, region=region)

    assert cache().get(template) is None
    cache().put([template, definition], {"Resources": {}})

    assert cache().get(template) == {"Resources": {}}
    assert cache(translator="2").get(template) is None
    assert cache(region="s").get(template) is None
    assert cache().get(tmp_path / "other.yaml") is None
    definition.write_text("c")
    assert cache().get(template) is None
    definition.unlink()
    assert cache().get(template) is None


@pytest.mark.parametrize("content", ["", "[]", "{", '{"circumstances": {}}'])
def test_a_damaged_cache_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "cache.json").write_text(content)

    assert TemplateCache(tmp_path / "cache.json", translator="1", region="r").get(tmp_path / "t") is None


def test_an_unwritable_cache_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "t").touch()

    TemplateCache(tmp_path / "file" / "cache.json", translator="1", region="r").put([tmp_path / "t"], {})
