"""The DynamoDB clients that all of the gateway uses: one for requests, one for whom nobody waits."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from audio_gateway.aws.clients import timeout_s

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

# Seconds. DynamoDB answers within some 10 ms; a request that has waited this long is better asked again. To connect
# takes longer, with TLS on the share of a processor that a small function has.
_CONNECT_TIMEOUT_S: Final = 1.0
_READ_TIMEOUT_S: Final = 0.7
_ATTEMPTS: Final = 2
_PAUSE_S: Final = 0.05  # between two tries, at most; where DynamoDB throttles 1.0, and then it answers at once

LONGEST_WRITE_S: Final = _READ_TIMEOUT_S + _PAUSE_S + max(_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S)
"""What a write takes at most over a connection that is open, as it is from the admission on: 1.75 s.

The first try gets no answer. The second one cannot connect, where the network is gone, or gets no answer either, where
DynamoDB is silent. A request has to have so much left, and the evidence of `pending_settlements.py`, behind its
deadline.
"""

# A run that gives up does all of its work again, and one that is throttled does best to wait: with the pauses between
# the tries, which double from 1 s, a call takes 40 s at most.
_PATIENT_CONNECT_TIMEOUT_S: Final = 2.0
_PATIENT_READ_TIMEOUT_S: Final = 5.0
_PATIENT_ATTEMPTS: Final = 5

_MAY_ARRIVE_AGAIN: Final = "MayArriveAgain"


def dynamodb_client() -> DynamoDBClient:
    """A client that gives up soon: whoever waits for it has a caller who waits.

    Make it while a function starts and keep it, since it takes longer to make than all requests of a minute. Region,
    credentials and endpoint are looked up where every AWS client looks for them. A mistake in a parameter's type is
    refused by DynamoDB, as a `ClientError`, and not by the client.
    """
    return _client(_CONNECT_TIMEOUT_S, timeout_s(_READ_TIMEOUT_S), _ATTEMPTS)


def patient_dynamodb_client(attempts: int = _PATIENT_ATTEMPTS) -> DynamoDBClient:
    """The same for what runs in the background, and with fewer `attempts` for reports, which read much."""
    return _client(_PATIENT_CONNECT_TIMEOUT_S, _PATIENT_READ_TIMEOUT_S, attempts)


def _client(connect_timeout_s: float, read_timeout_s: float, attempts: int) -> DynamoDBClient:
    # botocore alone: boto3 on top of it adds to a cold start, and every first call of a caller waits for that.
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        parameter_validation=False,  # a tenth of a call's processor time; DynamoDB checks the same
    )
    client = cast("DynamoDBClient", get_session().create_client("dynamodb", config=config))
    client.meta.events.register("needs-retry.dynamodb.UpdateItem", _note_doubts)
    return client


def may_arrive_again(answer: Mapping[str, Any]) -> bool:
    """Whether the call was sent twice because nobody knew what became of the first: it may still take effect."""
    return bool(answer["ResponseMetadata"].get(_MAY_ARRIVE_AGAIN))


def _note_doubts(*, response: tuple[Any, dict[str, Any]] | None, request_dict: dict[str, Any], **_: Any) -> None:
    """Told of each try by the client: `response` is None if there was no answer.

    One that was throttled is over, and is nothing to worry about: there are many of those at a time.
    """
    context = request_dict["context"]
    if response is None or response[0].status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        context[_MAY_ARRIVE_AGAIN] = True
    elif _MAY_ARRIVE_AGAIN in context:
        response[1]["ResponseMetadata"][_MAY_ARRIVE_AGAIN] = True
