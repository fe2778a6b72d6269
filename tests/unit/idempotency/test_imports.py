"""What a request without an Idempotency-Key, or to a model without a cache, does not pay for."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.wiring.idempotency import idempotency_on_aws
from audio_gateway.storage.speech_cache import SpeechCacheStore
idempotency_on_aws(None, "table", "bucket", PendingSettlementStore("bucket"))
SpeechCacheStore("bucket").of("org-default")
print(sorted({name.partition(".")[0] for name in sys.modules} & {"boto3", "botocore", "fastapi", "pydantic"}))
"""


def test_no_client_is_made_and_no_library_of_aws_imported_before_it_is_used() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": "layers/shared"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout.strip(), run.stderr) == ("[]", "")
