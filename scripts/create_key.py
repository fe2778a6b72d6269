"""Create an API key in a deployed gateway's table: `.venv/bin/python scripts/create_key.py --table NAME --name first`.

Needs AWS credentials that may write to the table, from the usual places (AWS_PROFILE, AWS_REGION, ...).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "shared"))

from audio_gateway.errors import GatewayError
from audio_gateway.metering.directory import Directory
from audio_gateway.metering.limits import limits_from_api


def main() -> None:
    """Create the key and print it: the only time that anybody can see it."""
    import boto3

    parser = argparse.ArgumentParser(description="Create a key in the gateway's table and print it, once.")
    parser.add_argument("--table", required=True, help="the stack's output TableName")
    parser.add_argument("--name", required=True, help="what people will know the key by")
    parser.add_argument("--kind", choices=["api", "admin"], default="api")
    parser.add_argument("--project", default="default", help="whose key it is; keys of a project share what is theirs")
    parser.add_argument("--limits", default="{}", help='JSON, such as {"monthly_budget_usd": "25.00"}; none by default')
    arguments = parser.parse_args()

    directory = Directory(boto3.client("dynamodb"), arguments.table)
    try:
        limits = limits_from_api(json.loads(arguments.limits))
        key = directory.create_key(arguments.kind, name=arguments.name, project_id=arguments.project, limits=limits)
    except (GatewayError, ValueError) as error:
        parser.error(str(error))
    print(f"created {key.record.id} ({key.record.redacted}); it is shown only now:", file=sys.stderr)
    print(key.value)


if __name__ == "__main__":
    main()
