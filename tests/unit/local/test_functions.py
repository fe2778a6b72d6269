from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.environments import Credentials, process_variables
from local.functions import DeployedFunction, Function, read
from local.intrinsics import Resolver
from local.settings import StackError, StackSettings
from local.template import Template

LAYERS = [{"Ref": "SharedLayer1"}, {"Ref": "HibariLayer1"}]
RESOLVER = Resolver({"SharedLayer1": "SharedLayer1", "HibariLayer1": "HibariLayer1", "Gone": "Gone"}, {}, {}, {})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("functions/work", "layers/shared/audio_gateway", "layers/engines/hibari"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "layers/shared/catalog.toml").write_text('key = "env:SHIPPED_KEY"')
    (tmp_path / "layers/shared/audio_gateway/prices.toml").touch()
    (tmp_path / "layers/engines/hibari/engine.cfg").touch()
    (tmp_path / "mine.toml").write_text('key = "env:MY_KEY"\nother = "env:ABSENT"')
    return tmp_path


def function(
    project: Path,
    variables: Mapping[str, str] = {},
    layers: Any = LAYERS,
    code: str = "functions/work/",
    **operator: str,
) -> Function:
    def layer(name: str) -> dict[str, Any]:
        content = {"S3Bucket": "local", "S3Key": f"layers/{name}"}
        return {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": content}}

    work = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Code": {"S3Bucket": "local", "S3Key": code}, "Layers": layers},
    }
    template = Template(
        {"SharedLayer1": layer("shared"), "HibariLayer1": layer("engines/hibari"), "Work": work}, {}, {}, {}
    )
    deployed = DeployedFunction("stack-Work-1", "arn:work", "app.handler", "arn:role", 1769, 29, variables)
    settings = StackSettings.from_environment(operator, project, project)
    (found,) = read(template, {"Work": deployed}, RESOLVER, settings)
    return found


def test_a_function_imports_its_folder_its_layers_and_the_runtime_client(project: Path) -> None:
    found = function(project)

    assert found.folder == project / "functions/work"
    assert found.python_path == (
        project / ".local/deployed/shared",
        project / ".local/layers/shared/python",
        project / ".local/layers/engines/hibari/python",
        project / ".local/runtime/python",
    )


def test_only_functions_with_the_layer_import_it_and_only_once(project: Path) -> None:
    found = function(project, layers=[{"Ref": "SharedLayer1"}, {"Ref": "SharedLayer1"}])

    assert found.python_path == (
        project / ".local/deployed/shared",
        project / ".local/layers/shared/python",
        project / ".local/runtime/python",
    )


def test_paths_of_layer_files_are_translated_to_this_machine(project: Path) -> None:
    found = function(
        project,
        {
            "A": "/opt/catalog.toml",
            "B": "/opt/python/audio_gateway/prices.toml",
            "C": "/opt/engine.cfg",
            "D": "/opt/nowhere",
            "E": "/tmp/x",
        },
    )

    assert found.variables == {
        "A": str(project / "layers/shared/catalog.toml"),
        "B": str(project / "layers/shared/audio_gateway/prices.toml"),
        "C": str(project / "layers/engines/hibari/engine.cfg"),
        "D": "/opt/nowhere",
        "E": "/tmp/x",
    }


def test_the_operators_catalogue_and_its_variables_reach_the_functions(project: Path) -> None:
    declared = {"AUDIO_GATEWAY_CATALOG": "/opt/catalog.toml"}
    secrets = {"MY_KEY": "k1", "SHIPPED_KEY": "k2", "UNRELATED": "k3"}

    shipped = function(project, declared, **secrets)
    own = function(project, declared, AUDIO_GATEWAY_CATALOG="mine.toml", **secrets)
    without = function(project, {"OTHER": "1"}, AUDIO_GATEWAY_CATALOG="mine.toml", **secrets)

    assert shipped.variables == {
        "AUDIO_GATEWAY_CATALOG": str(project / "layers/shared/catalog.toml"),
        "SHIPPED_KEY": "k2",
    }
    assert own.variables == {"AUDIO_GATEWAY_CATALOG": str(project / "mine.toml"), "MY_KEY": "k1"}
    assert without.variables == {"OTHER": "1"}


def install(project: Path, name: str, models: str = "", needs: str = "") -> None:
    described = project / "layers/engines" / name / "files.toml"
    described.parent.mkdir(parents=True, exist_ok=True)
    described.write_text(f"models = {models.split()}\nneeds = {needs.split()}\ndownload_mb = 1\nfiles = []\n")
    packages = project / ".local/layers/engines" / name / "python"
    packages.mkdir(parents=True)
    (packages.parent / "installed.txt").touch()


def test_functions_know_which_engines_are_installed(project: Path) -> None:
    declared = {"AUDIO_GATEWAY_ENGINES": "what AWS has"}
    assert function(project, declared).variables == {"AUDIO_GATEWAY_ENGINES": ""}
    install(project, "hibari", models="hibari", needs="inference")
    assert function(project, declared).variables == {"AUDIO_GATEWAY_ENGINES": ""}
    install(project, "inference")
    install(project, "whisper", models="whisper-base")
    assert function(project, declared).variables == {"AUDIO_GATEWAY_ENGINES": "hibari whisper-base"}
    assert function(project).variables == {}


def test_functions_with_moonshine_have_whisper_too_which_is_too_large_for_lambda(project: Path) -> None:
    layer = {"Type": "AWS::Lambda::LayerVersion", "Properties": {}}
    layer["Properties"] = {"Content": {"S3Bucket": "local", "S3Key": "layers/engines/moonshine"}}
    work = {"Code": {"S3Bucket": "local", "S3Key": "functions/work/"}, "Layers": [{"Ref": "Gone"}]}
    resources = {"Gone": layer, "Work": {"Type": "AWS::Lambda::Function", "Properties": work}}
    deployed = DeployedFunction("stack-Work-1", "arn:work", "app.handler", "arn:role", 1769, 29, {})
    settings = StackSettings.from_environment({}, project, project)
    (found,) = read(Template(resources, {}, {}, {}), {"Work": deployed}, RESOLVER, settings)
    assert found.python_path == (
        project / ".local/layers/engines/moonshine/python",
        project / ".local/layers/engines/whisper/python",
        project / ".local/runtime/python",
    )


def test_settings_of_the_operator_reach_the_functions_that_declare_them(project: Path) -> None:
    operator = {"AUDIO_GATEWAY_HOLD_SECONDS": "5", "AUDIO_GATEWAY_SWEEP_SECONDS": "1"}

    found = function(project, {"AUDIO_GATEWAY_HOLD_SECONDS": "960", "AUDIO_GATEWAY_ALLOW_HOSTS": ""}, **operator)

    assert found.variables == {"AUDIO_GATEWAY_HOLD_SECONDS": "5", "AUDIO_GATEWAY_ALLOW_HOSTS": ""}


def test_a_template_cannot_override_what_lambda_sets(project: Path) -> None:
    variables = process_variables(
        function(project, {"AWS_ENDPOINT_URL": "", "TZ": "Mars", "LANG": "de"}),
        port=1234,
        credentials=Credentials("a", "b", "c", 0),
        endpoint_url="http://127.0.0.1:9",
        region="us-east-1",
        operator={"PATH": "/bin", "LANG": "en", "SECRET": "x"},
    )

    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert variables["TZ"] == ":UTC"
    assert variables["LANG"] == "de"
    assert variables["PATH"] == "/bin"
    assert variables["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:1234"
    assert "SECRET" not in variables


def test_code_and_layers_outside_of_the_project_are_named(project: Path) -> None:
    with pytest.raises(StackError, match=r"Work has its code in .*functions/gone, which does not exist"):
        function(project, code="functions/gone/")
    with pytest.raises(StackError, match="Work has a layer that is not in this project: Gone"):
        function(project, layers=[{"Ref": "Gone"}])
