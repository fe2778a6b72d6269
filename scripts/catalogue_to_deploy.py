"""Which catalogue a deployment has: the operator's own file, outside of what git tracks, or the shipped one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VARIABLE: Final = "AUDIO_GATEWAY_CATALOG"
PARAMETER: Final = "Catalog"
"""Of the stack: whose catalogue it has, so that an own one is not replaced because a variable is not set."""
OWN: Final = "own"
SHIPPED: Final = "shipped"
_IN_LAYER: Final = Path("SharedLayer") / "catalog.toml"


class WrongCatalogue(Exception):
    """It cannot be deployed. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file that is there; `whose` is a value of the stack's parameter."""

    path: Path
    whose: str


def chosen(environ: Mapping[str, str], cwd: Path, root: Path) -> Chosen:
    """The catalogue that the environment names, or the shipped one. Raises `WrongCatalogue` if it is no file."""
    shipped = (root / "layers" / "shared" / "catalog.toml").resolve()
    named = environ.get(VARIABLE, "").strip()
    if not named:
        return Chosen(shipped, SHIPPED)
    path = (cwd / Path(named).expanduser()).resolve()
    if not path.is_file():
        raise WrongCatalogue(f"{VARIABLE}={named} is no file: correct the path, or unset it for the shipped catalogue")
    return Chosen(path, SHIPPED if path == shipped else OWN)


def check(catalogue: Chosen, stack: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[str]:
    """What to tell the operator of the catalogue.

    Raises:
        WrongCatalogue: it has mistakes, or it is the shipped one by oversight.
    """
    from audio_gateway.catalog.load import load_catalog
    from audio_gateway.errors import ConfigurationError

    if stack.get(PARAMETER) == OWN and not environ.get(VARIABLE, "").strip():
        raise WrongCatalogue(
            f"the stack has a catalogue of yours, and {VARIABLE} is not set: this would put the shipped one in its "
            f"place. Set it to your file, or to {catalogue.path} if that is what you want"
        )
    try:
        models = load_catalog(catalogue.path).models.values()
    except ConfigurationError as error:
        raise WrongCatalogue(f"the catalogue is wrong: {error.message}") from error
    yield f"The catalogue is {catalogue.path} ({catalogue.whose}): {', '.join(model.id for model in models)}."
    for provider in {model.provider.id: model.provider for model in models}.values():
        if (provider.api_key or "").startswith("env:"):
            yield (
                f"The provider '{provider.id}' has its key in {provider.api_key}, which no deployed function has: its "
                "models will fail. Store the key in AWS (docs/deployment.md)."
            )


def check_built(built: Path, catalogue: Chosen) -> None:
    """Raises `WrongCatalogue` unless the layer that was built has exactly this file."""
    found = built / _IN_LAYER
    if not found.is_file() or found.read_bytes() != catalogue.path.read_bytes():
        raise WrongCatalogue(f"{found} is not {catalogue.path}: remove .aws-sam, then deploy again")
