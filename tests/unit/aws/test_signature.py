"""Our signature of a request is the one that botocore makes of it."""

from __future__ import annotations

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from audio_gateway.aws.signature import Signer


@pytest.mark.parametrize("token", [None, "token/with+signs=="])
@pytest.mark.parametrize("body", [b"", b'{"TableName": "gateway"}', '{"a": "Gr\u00fc\u00dfe"}'.encode()])
@pytest.mark.parametrize("host", ["dynamodb.eu-central-1.amazonaws.com", "127.0.0.1:4566"])
def test_a_request_is_signed_as_botocore_signs_it(host: str, body: bytes, token: str | None) -> None:
    credentials = Credentials("AKIDEXAMPLE", "secret/+key", token)
    request = AWSRequest("POST", f"https://{host}/", {"X-Amz-Target": "DynamoDB_20120810.PutItem"}, body)
    SigV4Auth(credentials, "dynamodb", "eu-central-1").add_auth(request)
    headers = {"host": host, "x-amz-date": request.headers["X-Amz-Date"]}
    if token is not None:
        headers["x-amz-security-token"] = token
    headers["x-amz-target"] = "DynamoDB_20120810.PutItem"
    signer = Signer("dynamodb", "eu-central-1")
    assert signer.authorization("AKIDEXAMPLE", "secret/+key", headers, body) == request.headers["Authorization"]
