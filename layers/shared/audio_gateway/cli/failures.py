"""What an operator is told when a command cannot do its work: one or two lines on stderr, with the next step.

Exit code 1: it could not be done. Exit code 2: the command line makes no sense.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer

from audio_gateway.errors import GatewayError, NotFound

_NEXT_STEPS: Final = {
    "key_id": "`keys list` shows the keys that there are, `keys list --admin` the admin keys.",
    "project_id": "`projects list` shows the projects that there are.",
}

_CREDENTIALS_REFUSED: Final = frozenset({
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidSignatureException",
    "MissingAuthenticationToken", "SignatureDoesNotMatch", "UnrecognizedClientException",
})  # fmt: skip
_FORBIDDEN: Final = frozenset({"AccessDenied", "AccessDeniedException"})
_NO_TABLE: Final = "ResourceNotFoundException"


class WrongUse(Exception):
    """The command line makes no sense; the message names the option and what it takes."""


class Failed(Exception):
    """The command could not be done; the message says why, and what to do next."""


@contextmanager
def told_to_the_operator() -> Iterator[None]:
    """Turn every error that is to be expected into its lines and its exit code; others are bugs, and show as such."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except WrongUse as error:
        raise _exit(str(error), 2) from error
    except Failed as error:
        raise _exit(str(error), 1) from error
    except GatewayError as error:
        cause = error.__cause__
        aws = isinstance(cause, BotoCoreError | ClientError)
        raise _exit(_of_aws(cause) if aws else _of_gateway(error), 1) from error
    except (BotoCoreError, ClientError) as error:
        raise _exit(_of_aws(error), 1) from error


def _exit(message: str, code: int) -> typer.Exit:
    typer.secho("error: ", err=True, nl=False, fg="red", bold=True)
    typer.echo(message, err=True)
    return typer.Exit(code)


def _of_gateway(error: GatewayError) -> str:
    step = _NEXT_STEPS.get(error.param or "") if isinstance(error, NotFound) else None
    return error.message if step is None else f"{error.message}\n{step}"


def _of_aws(error: Any) -> str:
    """What AWS, or the library that speaks to it, says; by class and code, for its texts change."""
    from botocore import exceptions as aws

    if isinstance(error, aws.ClientError):
        return _of_answer(error.response["Error"].get("Code", ""), str(error))
    steps: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
        ((aws.NoRegionError,), "Add --region, or set AWS_REGION."),
        ((aws.ProfileNotFound,), "`aws configure list-profiles` shows the profiles that there are."),
        (
            (aws.NoCredentialsError, aws.PartialCredentialsError),
            "Log in to AWS first, or choose a profile that has credentials with --profile.",
        ),
        (
            (aws.SSOError, aws.TokenRetrievalError, aws.CredentialRetrievalError),
            "Log in again, such as with `aws sso login`.",
        ),
        (
            (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ConnectionClosedError),
            "Is the network there? The local stack is started with `make run`.",
        ),
    )
    found = (f"{error}\n{step}" for classes, step in steps if isinstance(error, classes))
    return next(found, str(error))


def _of_answer(code: str, message: str) -> str:
    if code == _NO_TABLE:
        return (
            f"{message}\nThere is no such table in this account and region. The stack's output TableName has its name; "
            "--stack-name looks it up. Is --region right?"
        )
    if code in _CREDENTIALS_REFUSED:
        return f"{message}\nLog in to AWS again, or choose other credentials with --profile."
    if code in _FORBIDDEN:
        return f"{message}\nThese credentials may not do this; choose others with --profile."
    return message
