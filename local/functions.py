"""The functions of the template, with everything that is needed to run them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.catalogue import variables_named
from local.intrinsics import Resolver
from local.layers import python_path
from local.settings import CATALOGUE_VARIABLE, PASSED_THROUGH, StackError, StackSettings
from local.template import Template, code_path
from scripts.engine_layers import installed_layers, models_with

_LAYER_MOUNT: Final = "/opt/"
_ENGINES_VARIABLE: Final = "AUDIO_GATEWAY_ENGINES"
_ONLY_HERE: Final = {"layers/engines/moonshine": "layers/engines/whisper"}
"""A layer that is too large for Lambda, by the layer whose functions have it here, too."""


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """A function's configuration in the local AWS after the deployment."""

    name: str
    arn: str
    handler: str
    role_arn: str
    memory_mb: int
    timeout_s: float
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Function:
    """A function to run. `title` is its logical id. `python_path` is what it can import besides its own folder."""

    title: str
    deployed: DeployedFunction
    folder: Path
    python_path: tuple[Path, ...]
    variables: Mapping[str, str]

    @property
    def name(self) -> str:
        """The physical name, which is used to invoke it."""
        return self.deployed.name


def read(
    template: Template, deployed: Mapping[str, DeployedFunction], resolver: Resolver, settings: StackSettings
) -> list[Function]:
    """Read every function of the template.

    Raises `StackError` if its code or a layer is not in the project, or its catalogue cannot be read.
    """
    layers = {
        logical_id: settings.root / code_path(properties["Content"])
        for logical_id, properties in template.of_type("AWS::Lambda::LayerVersion").items()
    }
    found = []
    for title, properties in template.of_type("AWS::Lambda::Function").items():
        folder = settings.root / code_path(properties["Code"])
        if not folder.is_dir():
            raise StackError(f"template.yaml: {title} has its code in {folder}, which does not exist")
        own_layers = _with_more(_layers(title, resolver.resolve(properties.get("Layers", [])), layers), settings.root)
        found.append(
            Function(
                title=title,
                deployed=deployed[title],
                folder=folder,
                python_path=_python_path(own_layers, settings),
                variables=_variables(deployed[title].variables, own_layers, settings),
            )
        )
    return found


def installed_models(settings: StackSettings) -> list[str]:
    """Return the names of the embedded models whose engines `make install` has installed."""
    return models_with(installed_layers(settings.root, settings.installed))


def _layers(title: str, references: Iterable[str], known: Mapping[str, Path]) -> list[Path]:
    """Return the layers' folders without duplicates: SAM repeats a layer of Globals that the function names, too."""
    folders: dict[Path, None] = {}
    for reference in references:
        if reference not in known:
            raise StackError(f"template.yaml: {title} has a layer that is not in this project: {reference}")
        folders[known[reference]] = None
    return list(folders)


def _with_more(layers: Iterable[Path], root: Path) -> list[Path]:
    names = [str(layer.relative_to(root)) for layer in layers]
    return [root / name for name in (*names, *(_ONLY_HERE[name] for name in names if name in _ONLY_HERE))]


def _python_path(layers: Iterable[Path], settings: StackSettings) -> tuple[Path, ...]:
    """Return the layers' paths, then that of the runtime client."""
    paths = [path for layer in layers for path in python_path(layer, settings.root, settings.installed)]
    return (*paths, settings.installed / "runtime" / "python")


def _variables(declared: Mapping[str, str], layers: list[Path], settings: StackSettings) -> dict[str, str]:
    variables = {name: _in_layer(value, layers) for name, value in declared.items()}
    operator = settings.operator
    variables |= {name: operator[name] for name in PASSED_THROUGH if name in declared and operator.get(name)}
    if _ENGINES_VARIABLE in declared:
        variables[_ENGINES_VARIABLE] = " ".join(installed_models(settings))
    if CATALOGUE_VARIABLE in declared:
        if settings.catalogue is not None:
            variables[CATALOGUE_VARIABLE] = str(settings.catalogue)
        named = variables_named(Path(variables[CATALOGUE_VARIABLE]))
        variables |= {name: operator[name] for name in named if name in operator}
    return variables


def _in_layer(value: str, layers: Iterable[Path]) -> str:
    """Translate a path under /opt, a layer's file, to this machine. A build moves modules into `python/`."""
    if not value.startswith(_LAYER_MOUNT):
        return value
    relative = value.removeprefix(_LAYER_MOUNT)
    for layer in layers:
        for candidate in (layer / relative, layer / relative.removeprefix("python/")):
            if candidate.exists():
                return str(candidate)
    return value
