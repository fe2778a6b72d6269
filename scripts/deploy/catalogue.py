"""Selects the catalogue of a deployment: the operator's own file, outside of git, or the shipped one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.deploy.errors import DeployRefused

VARIABLE: Final = "AUDIO_GATEWAY_CATALOG"
PARAMETER: Final = "Catalog"
"""The stack's parameter for it. It prevents that an own catalogue is replaced because a variable is not set."""
OWN: Final = "own"
SHIPPED: Final = "shipped"
_IN_LAYER: Final = Path("SharedLayer") / "catalog.toml"


class WrongCatalogue(DeployRefused):
    """The catalogue cannot be deployed."""


@dataclass(frozen=True, slots=True)
class ChosenCatalogue:
    """An existing file. `whose` is the value of the stack's parameter."""

    path: Path
    whose: str


def chosen(environ: Mapping[str, str], cwd: Path, root: Path) -> ChosenCatalogue:
    """Return the catalogue that the environment names, or the shipped one. Raises `WrongCatalogue` if it is missing."""
    shipped = (root / "layers" / "shared" / "catalog.toml").resolve()
    named = environ.get(VARIABLE, "").strip()
    if not named:
        return ChosenCatalogue(shipped, SHIPPED)
    path = (cwd / Path(named).expanduser()).resolve()
    if not path.is_file():
        raise WrongCatalogue(f"{VARIABLE}={named} is not a file: correct the path, or unset it to use the shipped one")
    return ChosenCatalogue(path, SHIPPED if path == shipped else OWN)


def check(catalogue: ChosenCatalogue, stack: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[str]:
    """Check the catalogue, and yield notes for the operator.

    Raises `WrongCatalogue` if it has mistakes, or would replace the operator's own catalogue by oversight.
    """
    from audio_gateway.catalog.load import load_catalog
    from audio_gateway.errors import ConfigurationError

    if stack.get(PARAMETER) == OWN and not environ.get(VARIABLE, "").strip():
        raise WrongCatalogue(
            f"the stack has your own catalogue, and {VARIABLE} is not set: this would replace it with the shipped one. "
            f"Set it to your file, or to {catalogue.path} if that is what you want"
        )
    try:
        models = load_catalog(catalogue.path).models.values()
    except ConfigurationError as error:
        raise WrongCatalogue(f"the catalogue is invalid: {error.message}") from error
    yield f"The catalogue is {catalogue.path} ({catalogue.whose}): {', '.join(model.id for model in models)}."
    for provider in {model.provider.id: model.provider for model in models}.values():
        if (provider.api_key or "").startswith("env:"):
            yield (
                f"The key of provider '{provider.id}' is {provider.api_key}, which no deployed function has: its "
                "models will fail. Store the key in AWS (docs/deployment.md)."
            )


def check_built(built: Path, catalogue: ChosenCatalogue) -> None:
    """Raise `WrongCatalogue` unless the built layer contains exactly this file."""
    found = built / _IN_LAYER
    if not found.is_file() or found.read_bytes() != catalogue.path.read_bytes():
        raise WrongCatalogue(f"{found} is not {catalogue.path}: remove .aws-sam, then deploy again")
