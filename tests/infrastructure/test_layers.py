"""The layers keep exactly what the functions use: boto3 cannot create a client of a pruned service."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from local.layers import python_path
from scripts.prune_layer import NOT_DEPLOYED, SERVICES, prune
from scripts.unlink_libraries import NotUnlinked, unlink_libraries
from tests.infrastructure.template import ROOT

PACKAGE = ROOT / "layers" / "shared" / "audio_gateway"
MAKES_CLIENTS = {"aws_client", "create_client"}

# Runs in a process that imports only from the layer, as a function does.
IMPORTS = """
import json, sys
from audio_gateway.aws.clients import aws_client
for service in json.loads(sys.argv[1]):
    aws_client(service)
missing = []
for attempt in (lambda: aws_client("ec2"), lambda: __import__("audio_gateway.cli"), lambda: __import__("typer")):
    try:
        attempt()
    except Exception as error:
        missing.append(type(error).__name__)
print(json.dumps(missing))
"""


def deployed_files() -> Iterator[Path]:
    yield from (ROOT / "functions").rglob("*.py")
    for file in PACKAGE.rglob("*.py"):
        if file.relative_to(PACKAGE).parts[0] not in NOT_DEPLOYED:
            yield file


def services_named(file: Path) -> Iterator[str]:
    """The service of each client that a module creates. It must be a literal, to be comparable."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in MAKES_CLIENTS:
            service = node.args[0] if node.args else None
            assert isinstance(service, ast.Constant), f"{file}:{node.lineno}: name the service here, as a literal"
            yield str(service.value)


def test_the_layer_keeps_exactly_the_services_that_the_code_uses() -> None:
    assert {service for file in deployed_files() for service in services_named(file)} == SERVICES


def test_only_one_module_creates_boto3_clients() -> None:
    makers = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if "boto3" in (text := file.read_text())
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "boto3"
        if node.attr in {"client", "resource"}
    }
    assert makers == {"aws/clients.py"}


def test_the_local_layer_has_what_functions_need_and_nothing_that_is_not_deployed() -> None:
    done = subprocess.run(
        [ROOT / ".local" / "venv" / "bin" / "python", "-S", "-c", IMPORTS, json.dumps(sorted(SERVICES))],
        env={
            "PYTHONPATH": os.pathsep.join(map(str, python_path(ROOT / "layers" / "shared", ROOT, ROOT / ".local"))),
            "AWS_DEFAULT_REGION": "eu-central-1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["UnknownServiceError", "ModuleNotFoundError", "ModuleNotFoundError"]


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for name in (
        "botocore/data/s3/2006-03-01/service-2.json",
        "botocore/data/ec2/2016-11-15/service-2.json",
        "botocore/data/endpoints.json",
        "botocore/tests/test_it.py",
        "bin/command",
        "numpy/core.py",
        "numpy/core.pyi",
        "numpy/lib/tests/test_it.py",
        "numpy/random/lib/libnpyrandom.a",
        "onnxruntime/capi/libonnxruntime.so.1.23.2",
        "onnxruntime/capi/onnxruntime_pybind11_state.so",
        "onnxruntime/transformers/optimizer.py",
        "onnxruntime-1.23.2.dist-info/licenses/LICENSE",
        "numpy/__pycache__/core.pyc",
        "audio_gateway/__main__.py",
        "audio_gateway/cli/app.py",
        "audio_gateway/api/http/app.py",
        ".lock",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path


def test_pruning_keeps_what_runs_and_can_be_repeated(packages: Path) -> None:
    for _ in range(2):
        prune(packages)
        assert {str(file.relative_to(packages)) for file in packages.rglob("*") if file.is_file()} == {
            "audio_gateway/api/http/app.py",
            "botocore/data/endpoints.json",
            "botocore/data/s3/2006-03-01/service-2.json",
            "numpy/core.py",
            "onnxruntime/capi/onnxruntime_pybind11_state.so",
            "onnxruntime-1.23.2.dist-info/licenses/LICENSE",
        }


def test_local_and_deployed_layers_are_pruned_by_the_same_program() -> None:
    assert 'scripts.prune_layer "$artifacts/python"' in (ROOT / "scripts" / "build-layer").read_text()
    assert "scripts.prune_layer $(@D)/python" in (ROOT / "Makefile").read_text()
    assert "prune_layer.prune(packages)" in (ROOT / "scripts" / "install_engines.py").read_text()


CODECS = """
import av, io
names = sorted(av.codecs_available)
encoded = io.BytesIO()
with av.open(encoded, "w", format="adts") as file:
    stream = file.add_stream("aac", rate=16000, layout="mono")
    frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
    frame.rate = 16000
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    for packet in [*stream.encode(frame), *stream.encode(None)]:
        file.mux(packet)
encoded.seek(0)
with av.open(encoded) as file:
    samples = sum(frame.samples for frame in file.decode(audio=0))
print(len(names) > 100, samples >= 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PyAV's wheels for other systems stay as they are")
def test_ffmpeg_works_without_the_libraries_that_encode_video() -> None:
    packages = ROOT / ".local/layers/shared/python"
    assert list(packages.glob("av.libs/libx26*")) == []
    done = subprocess.run(
        [ROOT / ".local/venv/bin/python", "-S", "-c", CODECS],
        env={"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("True True\n", 0), done.stderr


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The libraries of the development environment, which are as PyAV's wheel has them."""
    if not sys.platform.startswith("linux"):
        pytest.skip("PyAV's wheels for other systems stay as they are")
    return shutil.copytree(Path(av.__file__).parents[1] / "av.libs", tmp_path_factory.mktemp("wheel") / "av.libs")


def needed(library: Path) -> set[str]:
    """The libraries that the dynamic linker loads with this one."""
    listed = subprocess.run(["readelf", "-dW", library], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", listed))


@pytest.mark.skipif(shutil.which("readelf") is None, reason="SKIPPED LOUDLY: readelf (binutils) is not installed")
def test_what_is_removed_is_not_named_by_what_stays(linked: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(linked, tmp_path / "av.libs")
    unused = list(folder.glob("libx26*"))
    assert len(unused) == len(["libx264", "libx265"])
    assert {path.name for path in unused} <= set().union(*map(needed, folder.iterdir()))

    unlink_libraries(list(folder.iterdir()), unused, {})

    assert not any(path.exists() for path in unused)
    for path in folder.iterdir():
        assert not {gone.name for gone in unused} & needed(path)


def test_a_library_whose_versions_are_needed_stays(linked: Path) -> None:
    before = sorted(linked.iterdir())
    with pytest.raises(NotUnlinked, match=r"cannot be separated from libavutil-.*\.so"):
        unlink_libraries(before, list(linked.glob("libavutil-*")), {})
    assert sorted(linked.iterdir()) == before
