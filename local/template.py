"""Renders template.yaml for CloudFormation with AWS's own SAM translator."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from local.settings import StackError
from local.template_cache import TemplateCache

# `sam package` uploads code to S3. Here the "bucket" is the project folder, and the key is a path in it.
_CODE_BUCKET: Final = "local"


@dataclass(frozen=True, slots=True)
class Template:
    """The rendered template. `parameters` are its defaults."""

    resources: Mapping[str, dict[str, Any]]
    parameters: Mapping[str, str]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any]

    def of_type(self, resource_type: str) -> dict[str, dict[str, Any]]:
        """Return the properties of every resource of a type, by logical id."""
        return {
            logical_id: resource.get("Properties", {})
            for logical_id, resource in self.resources.items()
            if resource["Type"] == resource_type
        }


def render(path: Path, region: str, cache_file: Path) -> Template:
    """Render a SAM template, or return the rendering in `cache_file` if it is still valid.

    Raises `StackError` if the file is missing, or the translator refuses it.
    """
    cache = TemplateCache(cache_file, translator=version("aws-sam-translator"), region=region)
    rendered = cache.get(path)
    if rendered is None:
        rendered, inputs = _translate(path, region)
        cache.put(inputs, rendered)
    return from_rendered(rendered, path.name)


def _translate(path: Path, region: str) -> tuple[dict[str, Any], list[Path]]:
    """Return the rendered template, and the files that it was made from."""
    # Imported here: it takes a second, and only the local stack's virtual environment has it.
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform
    from samtranslator.yaml_helper import yaml_parse

    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns about unsupported features
    source = _parse(path, yaml_parse)
    definitions = _package(source, path.parent)
    os.environ["AWS_DEFAULT_REGION"] = region  # the translator derives the partition from it
    try:
        rendered: dict[str, Any] = transform(source, {}, _NoManagedPolicies())
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes) or error.message
        raise StackError(f"{path.name} is not a valid SAM template: {causes}") from error
    return rendered, [path, *definitions]


def from_rendered(rendered: Mapping[str, Any], name: str) -> Template:
    """Create a template from rendered CloudFormation. Raises `StackError` if a parameter has no default."""
    parameters = {}
    for parameter, definition in rendered.get("Parameters", {}).items():
        if "Default" not in definition:
            raise StackError(f"{name}: parameter {parameter} needs a Default: the local stack cannot ask for a value")
        parameters[parameter] = str(definition["Default"])
    return Template(
        resources=rendered["Resources"],
        parameters=parameters,
        conditions=rendered.get("Conditions", {}),
        mappings=rendered.get("Mappings", {}),
    )


def code_path(location: Mapping[str, str]) -> str:
    """Return the folder of a function's or layer's code, relative to the project.

    Raises `StackError` if the code is not in the project.
    """
    if location.get("S3Bucket") != _CODE_BUCKET:
        raise StackError(f"template.yaml: code must be a folder of this project, not {dict(location)}")
    return location["S3Key"].strip("/")


class _NoManagedPolicies:
    """An empty policy loader: the translator has AWS's policy templates, and asks this only for managed policies."""

    def load(self) -> dict[str, str]:
        return {}


def _parse(path: Path, yaml_parse: Any) -> dict[str, Any]:
    import yaml

    try:
        source = yaml_parse(path.read_text("utf-8"))
    except OSError as error:
        raise StackError(f"{path} cannot be read: {error.strerror}; run this in the project folder") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StackError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(source, dict) or not isinstance(source.get("Resources"), dict):
        raise StackError(f"{path.name} has no Resources: it is not a SAM template")
    return source


def _package(source: dict[str, Any], folder: Path) -> list[Path]:
    """Do what `sam package` does: replace local paths and definition files. Returns the definition files."""
    definitions = []
    for resource in source["Resources"].values():
        properties = resource.get("Properties") or {}
        for field in ("CodeUri", "ContentUri"):
            if isinstance(properties.get(field), str):
                properties[field] = f"s3://{_CODE_BUCKET}/{properties[field].removeprefix('./')}"
        if isinstance(properties.get("DefinitionUri"), str):
            definitions.append(folder / properties.pop("DefinitionUri"))
            properties["Definition"] = _definition(definitions[-1])
    return definitions


def _definition(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StackError(f"the state machine {path} cannot be read: {error}") from error
