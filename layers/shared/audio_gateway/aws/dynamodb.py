"""The gateway's DynamoDB clients: one for requests, one for background work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from audio_gateway import __version__
from audio_gateway.aws.clients import UNAVAILABLE, map_aws_errors, timeout_s
from audio_gateway.errors import GatewayError

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

# Seconds. DynamoDB answers within some 10 ms; a call that has waited this long is better repeated. Connecting takes
# longer: TLS runs on the share of a processor that a small function has.
_CONNECT_TIMEOUT_S: Final = 1.0
_READ_TIMEOUT_S: Final = 0.7
_ATTEMPTS: Final = 2
_PAUSE_S: Final = 0.05  # between two tries, at most; 1.0 where DynamoDB throttles, and then it answers immediately

LONGEST_WRITE_S: Final = _READ_TIMEOUT_S + _PAUSE_S + max(_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S)
"""The longest that a write takes over an open connection, which a request has from its admission on: 1.75 s.

The first try gets no answer. The second one cannot connect, if the network has failed, or gets no answer either, if
DynamoDB is silent. A request must have that much time left behind its deadline, and the time that
`pending_settlements.py` needs.
"""

# A run that gives up must do all of its work again, and one that is throttled does best to wait. With the pauses
# between the tries, which double from 1 s, a call takes at most 40 s.
_PATIENT_CONNECT_TIMEOUT_S: Final = 2.0
_PATIENT_READ_TIMEOUT_S: Final = 5.0
_PATIENT_ATTEMPTS: Final = 5

_CONDITION_FAILED: Final = "ConditionalCheckFailedException"
_MAY_ARRIVE_AGAIN: Final = "MayArriveAgain"


def dynamodb_client() -> DynamoDBClient:
    """A client that gives up soon, as a caller waits for the answer.

    Make it while a function starts and keep it: making it takes longer than all requests of a minute. Region,
    credentials and endpoint come from where every AWS client takes them. DynamoDB refuses a parameter of a wrong type,
    as a `ClientError`; the client does not check.
    """
    return _client(_CONNECT_TIMEOUT_S, timeout_s(_READ_TIMEOUT_S), _ATTEMPTS)


def patient_dynamodb_client(attempts: int = _PATIENT_ATTEMPTS) -> DynamoDBClient:
    """A client for background work; reports, which read much, ask for fewer `attempts`."""
    return _client(_PATIENT_CONNECT_TIMEOUT_S, _PATIENT_READ_TIMEOUT_S, attempts)


def _client(connect_timeout_s: float, read_timeout_s: float, attempts: int) -> DynamoDBClient:
    # botocore alone: boto3 on top of it makes a cold start longer, and a caller waits for it.
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        user_agent=f"audio-gateway/{__version__}",  # botocore makes its own twice for each call
        parameter_validation=False,  # a tenth of a call's processor time; DynamoDB checks the same
    )
    client = cast("DynamoDBClient", get_session().create_client("dynamodb", config=config))
    client.meta.events.register("needs-retry.dynamodb.UpdateItem", _note_uncertain_try)
    return client


class ConditionFailed(Exception):
    """The condition of a write did not hold. `answer` is what DynamoDB said."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("the condition of a write did not hold")
        self.answer = answer

    @property
    def item(self) -> dict[str, Any]:
        """The item that refused the write, if the call asked for it; empty if there is none."""
        found: dict[str, Any] = self.answer.get("Item", {})
        return found


@contextmanager
def map_dynamodb_errors(unavailable: type[GatewayError], message: str = UNAVAILABLE) -> Iterator[None]:
    """Raise `ConditionFailed` where a condition did not hold, and `unavailable` for every other failure of a call."""
    from botocore.exceptions import ClientError

    with map_aws_errors(unavailable, message):
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] != _CONDITION_FAILED:
                raise
            raise ConditionFailed(cast("dict[str, Any]", error.response)) from error


def may_arrive_again(answer: Mapping[str, Any]) -> bool:
    """Whether the call was sent again while the outcome of the first try was unknown: that may still take effect."""
    return bool(answer["ResponseMetadata"].get(_MAY_ARRIVE_AGAIN))


def _note_uncertain_try(*, response: tuple[Any, dict[str, Any]] | None, request_dict: dict[str, Any], **_: Any) -> None:
    """Called by the client after each try: `response` is None if there was no answer.

    A throttled try is over and has no effect.
    """
    context = request_dict["context"]
    if response is None or response[0].status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        context[_MAY_ARRIVE_AGAIN] = True
    elif _MAY_ARRIVE_AGAIN in context:
        response[1]["ResponseMetadata"][_MAY_ARRIVE_AGAIN] = True
