"""What a function runs with, all of it from the template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.catalogue import variables_named
from local.intrinsics import Resolver
from local.layers import python_path
from local.settings import CATALOGUE_VARIABLE, HANDED_THROUGH, Settings, StackError
from local.template import Template, code_path

_LAYER_MOUNT: Final = "/opt/"


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the local AWS knows of a function after the deployment."""

    name: str
    arn: str
    handler: str
    role_arn: str
    memory_mb: int
    timeout_s: float
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Function:
    """A function that can be run: `title` is its logical id, `python_path` what it may import besides its folder."""

    title: str
    deployed: Deployed
    folder: Path
    python_path: tuple[Path, ...]
    variables: Mapping[str, str]

    @property
    def name(self) -> str:
        """The physical name, by which it is invoked."""
        return self.deployed.name


def read(
    template: Template, deployed: Mapping[str, Deployed], resolver: Resolver, settings: Settings
) -> list[Function]:
    """Every function of the template.

    Raises:
        StackError: its code or one of its layers is not in the project, or its catalogue cannot be read.
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
        own_layers = _layers(title, resolver.resolve(properties.get("Layers", [])), layers)
        found.append(
            Function(
                title=title,
                deployed=deployed[title],
                folder=folder,
                python_path=_python_path(own_layers, settings.installed),
                variables=_variables(deployed[title].variables, own_layers, settings),
            )
        )
    return found


def _layers(title: str, references: Iterable[str], known: Mapping[str, Path]) -> list[Path]:
    """The layers' folders without repetition: SAM lists a layer of Globals twice if the function names it, too."""
    folders: dict[Path, None] = {}
    for reference in references:
        if reference not in known:
            raise StackError(f"template.yaml: {title} has a layer that is not in this project: {reference}")
        folders[known[reference]] = None
    return list(folders)


def _python_path(layers: Iterable[Path], installed: Path) -> tuple[Path, ...]:
    """The layers, then the runtime client."""
    paths = [path for layer in layers for path in python_path(layer, installed)]
    return (*paths, installed / "runtime" / "python")


def _variables(declared: Mapping[str, str], layers: list[Path], settings: Settings) -> dict[str, str]:
    variables = {name: _in_layer(value, layers) for name, value in declared.items()}
    operator = settings.operator
    variables |= {name: operator[name] for name in HANDED_THROUGH if name in declared and operator.get(name)}
    if CATALOGUE_VARIABLE in declared:
        if settings.catalogue is not None:
            variables[CATALOGUE_VARIABLE] = str(settings.catalogue)
        named = variables_named(Path(variables[CATALOGUE_VARIABLE]))
        variables |= {name: operator[name] for name in named if name in operator}
    return variables


def _in_layer(value: str, layers: Iterable[Path]) -> str:
    """A path under /opt is a file of a layer: where it is on this machine. `python/` is how a build packs modules."""
    if not value.startswith(_LAYER_MOUNT):
        return value
    relative = value.removeprefix(_LAYER_MOUNT)
    for layer in layers:
        for candidate in (layer / relative, layer / relative.removeprefix("python/")):
            if candidate.exists():
                return str(candidate)
    return value
