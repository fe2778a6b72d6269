"""The DynamoDB client that all of the gateway uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

# Seconds. DynamoDB answers within some 10 ms; a request that has waited this long is better asked again. With one more
# try, over a connection that is open from the admission, a write that settles takes at most 1.5 s when DynamoDB is
# silent and 1.1 s when it throttles: api/app.py keeps 2.5 s for settling.
_CONNECT_TIMEOUT_S: Final = 0.5
_READ_TIMEOUT_S: Final = 0.7
_ATTEMPTS: Final = 2


def dynamodb_client() -> DynamoDBClient:
    """A client that gives up soon: whoever waits for it has a caller who waits.

    Make it while a function starts and keep it, since it takes longer to make than all requests of a minute. Region,
    credentials and endpoint are looked up where every AWS client looks for them. A mistake in a parameter's type is
    refused by DynamoDB, as a `ClientError`, and not by the client.
    """
    # botocore alone: boto3 on top of it adds to a cold start, and every first call of a caller waits for that.
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        parameter_validation=False,  # a tenth of a call's processor time; DynamoDB checks the same
    )
    return cast("DynamoDBClient", get_session().create_client("dynamodb", config=config))
