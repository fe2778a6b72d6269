"""The direction of calls, read from the imports: functions → wiring → api → use cases → domain, and never back."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.packages import PACKAGES

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared" / "audio_gateway"

# Libraries that belong to one side only.
HTTP = {"fastapi", "starlette", "mangum", "python_multipart"}
TERMINAL = {"typer", "rich"}
AWS = {"boto3", "botocore"}
AWS_MODULES = {
    "aws/clients.py",
    "aws/dynamodb.py",
    "aws/table.py",
    "cli/doctor/stack.py",
    "cli/failures.py",
    "cli/gateway.py",
    "idempotency/answer_store.py",
    "idempotency/claim_store.py",
    "jobs/executions.py",
    "jobs/job_files.py",
    "metering/account_writer.py",
    "metering/pending_settlements.py",
    "providers/secrets.py",
    "storage/objects.py",
    "storage/speech_cache.py",
    "uploads/upload_store.py",
}


@functools.cache
def imports(file: Path) -> tuple[str, ...]:
    return tuple(_imports(file))


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "audio_gateway":
            yield from (f"audio_gateway.{alias.name}" for alias in node.names if alias.name != "__version__")
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_the_table_names_every_package_and_no_other() -> None:
    inside = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert set(PACKAGES) == inside - {"__init__"}


def test_a_package_imports_only_packages_below_it() -> None:
    below: set[str] = set()
    for name, package in PACKAGES.items():
        assert package.imports <= below, f"{name} may import what is not below it: a circle"
        below.add(name)


@pytest.mark.parametrize("name", PACKAGES)
def test_nothing_is_allowed_that_no_module_needs(name: str) -> None:
    files = [PACKAGE / f"{name}.py"] if (PACKAGE / f"{name}.py").exists() else sorted((PACKAGE / name).rglob("*.py"))
    found = {other.split(".")[1] for file in files for other in imports(file) if other.startswith("audio_gateway.")}
    assert found - {name} == PACKAGES[name].imports


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_package_may(file: Path) -> None:
    inside = file.relative_to(PACKAGE)
    package = inside.parts[0].removesuffix(".py")
    for name in imports(file):
        top = name.split(".")[0]
        assert top not in {"local", "tests", "bench"}, f"{inside} imports {name}"
        if top in HTTP:
            assert package == "api", f"{inside} imports {name}: HTTP belongs to api"
        if top in TERMINAL:
            assert package == "cli", f"{inside} imports {name}: it is in no layer, and so is only cli"
        if top in AWS:
            assert str(inside) in AWS_MODULES, f"{inside} imports {name}: AWS belongs to {sorted(AWS_MODULES)}"
        if name.startswith("audio_gateway.") and package != "__init__":
            other = name.split(".")[1]
            assert other == package or other in PACKAGES[package].imports, f"{inside} imports {name}"


@pytest.mark.parametrize("file", sorted((PACKAGE / "api" / "http").glob("*.py")), ids=lambda file: file.stem)
def test_plumbing_imports_no_endpoint(file: Path) -> None:
    ours = {name for name in imports(file) if name.startswith("audio_gateway.api")}
    assert [name for name in ours if not name.startswith("audio_gateway.api.http.")] == []


FUNCTIONS = sorted((ROOT / "functions").rglob("*.py"))
HANDLERS = {
    "audio_gateway.api.http.app": {"lambda_handler"},
    "audio_gateway.api.transcriptions": {"transcriptions_app", "translations_app"},  # one composition, two functions
    "audio_gateway.workers.job_steps": {"prepare_handler", "chunk_handler", "merge_handler", "end_handler"},
    "audio_gateway.workers.scheduled": {"rolls_up", "sweeps"},
    "audio_gateway.workers.webhook_delivery": {"webhook_delivery_handler"},
}


@pytest.mark.parametrize("file", FUNCTIONS, ids=lambda file: file.parent.name)
def test_a_function_has_settings_wiring_and_a_handler_and_no_logic(file: Path) -> None:
    tree = ast.parse(file.read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If | ast.Try)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert [alias.name for alias in node.names] == ["os"]
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            names = {alias.name for alias in node.names}
            is_wiring = node.module.startswith("audio_gateway.wiring.")
            assert is_wiring or names == {"init_phase"} or names <= HANDLERS[node.module], f"{node.module}: {names}"


def test_only_functions_import_the_wiring() -> None:
    outside = [file for file in modules() if file.relative_to(PACKAGE).parts[0] != "wiring"]
    found = [file for file in outside for name in imports(file) if name.startswith("audio_gateway.wiring")]
    assert found == []


def test_wiring_is_imported_by_the_module_and_never_as_a_whole() -> None:
    assert list(imports(PACKAGE / "wiring" / "__init__.py")) == []
    whole = "audio_gateway.wiring"
    assert [file for file in FUNCTIONS for name in imports(file) if name == whole] == []


@pytest.mark.parametrize("file", FUNCTIONS, ids=lambda file: file.parent.name)
def test_a_function_begins_and_ends_its_init_phase(file: Path) -> None:
    ours = [line for line in file.read_text().splitlines() if line.startswith("from audio_gateway")]
    assert ours[0] == "from audio_gateway import init_phase"
    last = ast.parse(file.read_text()).body[-1]
    assert ast.unparse(last).startswith("handler = init_phase.done(")


def test_every_function_of_the_template_has_its_folder() -> None:
    from tests.infrastructure.template import functions

    assert {path.name for path in (ROOT / "functions").iterdir() if path.is_dir()} == {
        function["Properties"]["CodeUri"].strip("/").rpartition("/")[2] for function in functions().values()
    }
