"""Runs neural models on one thread: a function at 1769 MB has one whole processor.

Import this module before numpy, whose library for matrices reads its number of threads once. By default it starts one
for each processor that it sees, and Lambda shows more of them than it gives: they would wait for each other.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from audio_gateway.errors import ConfigurationError

_ERRORS_ONLY: Final = 3

for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")


def inference_session(model: Path) -> Any:
    """An onnxruntime `InferenceSession` of the model in a file.

    Raises:
        ConfigurationError: no layer of the function has onnxruntime, or the file is damaged.
    """
    try:
        import onnxruntime
    except ImportError as missing:
        raise ConfigurationError("The embedded models need the layer 'inference', which is not installed") from missing
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(str(model), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as broken:  # onnxruntime's own classes, which have nothing else in common
        raise ConfigurationError(f"The model {model.name} cannot be loaded") from broken
