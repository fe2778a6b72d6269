"""Reports errors as one or two lines on stderr, with the next step.

Exit code 1: the command failed. Exit code 2: the command line is invalid.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer

from audio_gateway.errors import GatewayError, NotFound

_NEXT_STEPS: Final = {
    "key_id": "`keys list` shows the keys, `keys list --admin` the admin keys.",
    "project_id": "`projects list` shows the projects.",
}

_CREDENTIALS_REFUSED: Final = frozenset({
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidSignatureException",
    "MissingAuthenticationToken", "SignatureDoesNotMatch", "UnrecognizedClientException",
})  # fmt: skip
_FORBIDDEN: Final = frozenset({"AccessDenied", "AccessDeniedException"})
_NO_TABLE: Final = "ResourceNotFoundException"


class UsageError(Exception):
    """The command line is invalid. The message names the option and the accepted values."""


class CommandFailed(Exception):
    """The command failed. The message says why, and what to do next."""


@contextmanager
def errors_reported() -> Iterator[None]:
    """Turn expected errors into a message and an exit code. Any other exception is a bug and keeps its traceback."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except UsageError as error:
        raise _exit(str(error), 2) from error
    except CommandFailed as error:
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
    """Format an error of AWS or botocore. It is recognised by class and code, because its texts change."""
    from botocore import exceptions as aws

    if isinstance(error, aws.ClientError):
        return _of_answer(error.response["Error"].get("Code", ""), str(error))
    steps: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
        ((aws.NoRegionError,), "Add --region, or set AWS_REGION."),
        ((aws.ProfileNotFound,), "`aws configure list-profiles` shows the profiles."),
        (
            (aws.NoCredentialsError, aws.PartialCredentialsError),
            "Log in to AWS, or choose a profile that has credentials with --profile.",
        ),
        (
            (aws.SSOError, aws.TokenRetrievalError, aws.CredentialRetrievalError),
            "Log in again, for example with `aws sso login`.",
        ),
        (
            (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ConnectionClosedError),
            "Check the network. `make run` starts the local stack.",
        ),
    )
    found = (f"{error}\n{step}" for classes, step in steps if isinstance(error, classes))
    return next(found, str(error))


def _of_answer(code: str, message: str) -> str:
    if code == _NO_TABLE:
        return (
            f"{message}\nThis account and region have no such table. The stack's output TableName names it, and "
            "--stack-name looks it up. Check --region."
        )
    if code in _CREDENTIALS_REFUSED:
        return f"{message}\nLog in to AWS again, or choose other credentials with --profile."
    if code in _FORBIDDEN:
        return f"{message}\nThese credentials are not allowed to do this. Choose others with --profile."
    return message
