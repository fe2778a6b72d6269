"""template.yaml as it is written, and as CloudFormation receives it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

# Not with the local stack's reader, because that is under test itself. `sam package` would upload the code to S3, and
# the translator accepts only S3 locations.
RENDER = """
import json
from pathlib import Path
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

class NoManagedPolicies:
    def load(self):
        return {}

template = yaml_parse(Path("template.yaml").read_text("utf-8"))
for resource in template["Resources"].values():
    for field in ("CodeUri", "ContentUri"):
        if field in resource.get("Properties", {}):
            resource["Properties"][field] = "s3://packaged/" + resource["Properties"][field]
    if "DefinitionUri" in resource.get("Properties", {}):
        path = Path(resource["Properties"].pop("DefinitionUri"))
        resource["Properties"]["Definition"] = json.loads(path.read_text("utf-8"))
print(json.dumps(transform(template, {}, NoManagedPolicies())["Resources"]))
"""


class CloudFormationLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # in C where it is
    """YAML with CloudFormation's short tags: `!Ref x` becomes {"Ref": x}, `!Sub x` becomes {"Fn::Sub": x}."""


def _tag(loader: CloudFormationLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


CloudFormationLoader.add_multi_constructor("!", _tag)


@functools.cache
def source() -> dict[str, Any]:
    """The template as it is written."""
    return yaml.load((ROOT / "template.yaml").read_text("utf-8"), CloudFormationLoader)


def functions() -> dict[str, dict[str, Any]]:
    """The Lambda functions of the source, by logical id."""
    resources = source()["Resources"]
    return {name: found for name, found in resources.items() if found["Type"] == "AWS::Serverless::Function"}


def decided(node: Any, **conditions: bool) -> Any:
    """A part of the template with the `!If` of these conditions replaced by what they choose."""
    if isinstance(node, list):
        return [decided(item, **conditions) for item in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Fn::If"} and node["Fn::If"][0] in conditions:
        condition, then, otherwise = node["Fn::If"]
        return decided(then if conditions[condition] else otherwise, **conditions)
    return {key: decided(value, **conditions) for key, value in node.items()}


@functools.cache
def rendered() -> dict[str, dict[str, Any]]:
    """The resources after AWS's translator, which is in its own environment (requirements/local.in)."""
    done = subprocess.run(
        [".local/venv/bin/python", "-c", RENDER],
        cwd=ROOT,
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
