"""Create an API key in a deployed gateway's table: `.venv/bin/python scripts/create_key.py --table NAME --name first`.

Needs AWS credentials that may write to the table, from the usual places (AWS_PROFILE, AWS_REGION, ...).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "shared"))

from audio_gateway.metering.key_store import KeyStore
from audio_gateway.metering.keys import new_key


def main() -> None:
    """Write the key's record and print the key: the only time that anybody can see it."""
    import boto3

    parser = argparse.ArgumentParser(description="Create a key in the gateway's table and print it, once.")
    parser.add_argument("--table", required=True, help="the stack's output TableName")
    parser.add_argument("--name", required=True, help="what people will know the key by")
    parser.add_argument("--kind", choices=["api", "admin"], default="api")
    parser.add_argument("--project", default="default", help="whose key it is; keys of a project share what is theirs")
    arguments = parser.parse_args()

    key = new_key(arguments.kind, name=arguments.name, now_s=int(time.time()), project_id=arguments.project)
    KeyStore(boto3.client("dynamodb"), arguments.table).put(key.record)
    print(f"created {key.record.id} ({key.record.redacted}); it is shown only now:", file=sys.stderr)
    print(key.value)


if __name__ == "__main__":
    main()
