"""Removes what no function uses from a layer's packages: `python -m scripts.prune_layer FOLDER`.

Lambda mounts the folder as /opt/python. Both the deployed layers (scripts/build-layer) and those of `make run` are
pruned, so what is missing on AWS is missing locally, too. It needs only the standard library, since it runs before
anything is installed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from scripts.unlink_libraries import unlink_libraries

SERVICES: Final = frozenset({"dynamodb", "lambda", "s3", "secretsmanager", "sqs", "ssm", "stepfunctions"})
"""The AWS services that the functions call. botocore contains descriptions of more than 400."""

NOT_DEPLOYED: Final = frozenset({"cli", "__main__.py"})
"""Parts of our own package that are not deployed: the command line, whose libraries are in no layer."""

# Only compilers, type checkers and test runners use these. Sources stay for tracebacks, *.dist-info for licences and
# entry points.
_PATTERNS: Final = ("*.pyi", "*.pyx", "*.pxd", "*.a", "*.h")

_UTILITIES_OF_POWERTOOLS: Final = (
    "auth_alpha", "batch", "circuit_breaker", "data_classes", "data_masking", "feature_flags", "idempotency", "kafka",
    "metadata", "parameters", "parser", "streaming", "validation",
)  # fmt: skip

UNUSED: Final = (
    "bin",  # commands for a shell
    ".lock",  # uv's
    "*/tests",
    "aws_lambda_powertools/event_handler",
    *(f"aws_lambda_powertools/utilities/{name}" for name in _UTILITIES_OF_POWERTOOLS),
    "boto3/data",  # its resources; we use clients
    "boto3/examples",
    "pydantic/v1",
    "numpy/*/tests",
    "numpy/f2py",
    "numpy/ma",
    "numpy/polynomial",
    "numpy/testing",
    "numpy/typing",
    "numpy/_core/_simd*.so",  # only its tests use it
    "onnxruntime/backend",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "onnxruntime/capi/libonnxruntime.so*",  # for programs in C; the module for Python contains all of it
    "espeakng_loader/libespeak-ng.so.*",  # copies of libespeak-ng.so
    "pocketsphinx/model/en-us/en-us*.lm.bin",  # language models: only words that are known are aligned
    "ctranslate2/converters",
    "ctranslate2/specs",
)
"""What else no function uses, as patterns below the folder of the packages."""


_VIDEO_ENCODERS: Final = ("libx264-*", "libx265-*", "libSvtAv1Enc-*")
"""Libraries in PyAV's wheels for Linux. The first two are under the GPL."""

_ASKED_AT_START: Final = {"x265_api_get_": "isalpha"}
"""FFmpeg asks libx265 whether it encodes 8, 10 or 12 bits; as characters, none of them is a letter: it does not."""


def prune(packages: Path) -> None:
    """Remove the unused files, and the bytecode of the Python version that installed the packages.

    Raises:
        NotUnlinked: PyAV's libraries are not as they were; see `unlink_libraries`.
    """
    for service in packages.glob("botocore/data/*/"):
        if service.name not in SERVICES:
            shutil.rmtree(service)
    for pattern in [*UNUSED, *(f"audio_gateway/{name}" for name in NOT_DEPLOYED)]:
        for found in list(packages.glob(pattern)):
            _remove(found)
    for folder in list(packages.rglob("__pycache__")):
        shutil.rmtree(folder)
    for pattern in _PATTERNS:
        for file in list(packages.rglob(pattern)):
            file.unlink()

    libraries = packages / "av.libs"
    unlink_libraries(
        [*libraries.glob("*.so*"), *packages.glob("av/**/*.so")],
        [found for pattern in _VIDEO_ENCODERS for found in libraries.glob(pattern)],
        _ASKED_AT_START,
    )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


if __name__ == "__main__":
    prune(Path(sys.argv[1]))
