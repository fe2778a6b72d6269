"""The sizes of layers as docs/deployment.md gives them: for each layer, and within Lambda's limit."""

from __future__ import annotations

import re
from typing import Any

from local.intrinsics import Resolver
from scripts.deploy.function_sizes import MOST_BYTES
from tests.infrastructure.template import ROOT, functions

PAGE = (ROOT / "docs" / "deployment.md").read_text()
ROW = re.compile(r"^\| `(\w+Layer)` \| ([0-9.]+) \| ([0-9.]+) \|$", re.MULTILINE)
SIZES = {layer: (float(x86), float(arm)) for layer, x86, arm in ROW.findall(PAGE)}


def layers(source: dict[str, Any]) -> list[str]:
    return [name for name, found in source["Resources"].items() if found["Type"] == "AWS::Serverless::LayerVersion"]


def test_the_page_has_the_size_of_each_layer(source: dict[str, Any]) -> None:
    assert list(SIZES) == layers(source)


def test_the_sizes_on_the_page_fit_into_each_function(source: dict[str, Any]) -> None:
    names = layers(source)
    values = {"EmbeddedEngines": "true", "EspeakNg": "true", **dict(zip(names, names, strict=True))}
    resolver = Resolver(values, {}, source["Conditions"], {})
    for folder, resource in functions().items():
        own = resolver.resolve(resource["Properties"]["Layers"])
        for processor in (0, 1):
            assert sum(SIZES[layer][processor] for layer in own) * 1e6 < MOST_BYTES, folder
