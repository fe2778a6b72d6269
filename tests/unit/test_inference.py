"""A model that cannot be loaded is a fault of the installation, whatever the reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from audio_gateway.errors import ConfigurationError
from audio_gateway.inference import inference_session


def test_a_function_without_the_runtime_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigurationError, match="layer 'inference'"):
        inference_session(tmp_path / "any.onnx")


@pytest.mark.parametrize("content", [None, b"", b"no model"], ids=["missing", "empty", "damaged"])
def test_a_damaged_model_is_named(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "ears.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"ears\.onnx"):
        inference_session(file)
