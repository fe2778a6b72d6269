"""The settings of each function, read from its environment once, when the function starts, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Final, Self

from audio_gateway.catalog.source import CatalogSource
from audio_gateway.errors import ConfigurationError
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.wiring.environment import required


@dataclass(frozen=True, slots=True)
class _Settings:
    """The settings of one function; `_READERS` says how each field is read."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the environment. Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        return cls(**{field.name: _READERS[field.name](env) for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class _ApiSettings(_Settings):
    """For the functions behind API Gateway. Pages of `origins` may call them, see `api/http/cors.py`."""

    origins: str


@dataclass(frozen=True, slots=True)
class CatalogSettings(_ApiSettings):
    """For the functions that only read the catalogue."""

    catalog: CatalogSource


@dataclass(frozen=True, slots=True)
class TableSettings(_ApiSettings):
    """For the functions that use the table only."""

    table: str


@dataclass(frozen=True, slots=True)
class AdminSettings(TableSettings):
    """For the function that creates and changes keys, which may be limited to some models of the `catalog`."""

    catalog: CatalogSource


@dataclass(frozen=True, slots=True)
class SpeechSettings(_ApiSettings):
    """For the functions that call providers.

    `bucket` has responses that are too large for Lambda, `table` has their metering, and `lateness` says how long the
    price of a request that never ended is held. `machine_arn` is the state machine of jobs.
    """

    catalog: CatalogSource
    bucket: str
    table: str
    lateness: AllowedLateness
    machine_arn: str


@dataclass(frozen=True, slots=True)
class JobStepSettings(_Settings):
    """For the steps of jobs, whose files are in `bucket`. All other data of a job is in `table`."""

    catalog: CatalogSource
    bucket: str
    table: str


@dataclass(frozen=True, slots=True)
class JobEndSettings(JobStepSettings):
    """For the steps that end jobs and queue their webhooks; `lateness` is the roll-up's."""

    lateness: AllowedLateness
    webhook_queue_url: str


@dataclass(frozen=True, slots=True)
class JobPrepareSettings(JobStepSettings):
    """For the step that reads audio. `allow_hosts` are private hosts that a URL may name.

    `lambda_concurrency` is how many function environments the stack may use.
    """

    lateness: AllowedLateness
    allow_hosts: str
    lambda_concurrency: int


@dataclass(frozen=True, slots=True)
class TranscriptionSettings(SpeechSettings):
    """For the functions that take audio. `allow_hosts` are private hosts that a URL may name."""

    allow_hosts: str


@dataclass(frozen=True, slots=True)
class StorageSettings(_ApiSettings):
    """For the functions that use the table and the bucket, and call no provider."""

    table: str
    bucket: str


@dataclass(frozen=True, slots=True)
class JobsSettings(StorageSettings):
    """For the function that shows and ends jobs. `machine_arn` is their state machine; the queue takes their webhooks.

    `end_function` finishes cancelled jobs, whose price follows from the `catalog`.
    """

    catalog: CatalogSource
    lateness: AllowedLateness
    machine_arn: str
    end_function: str
    webhook_queue_url: str


@dataclass(frozen=True, slots=True)
class WebhookSettings(_ApiSettings):
    """For the function that manages webhook endpoints. `allow_hosts` are private hosts that endpoints may have."""

    table: str
    allow_hosts: str


@dataclass(frozen=True, slots=True)
class WebhookDeliverySettings(_Settings):
    """For the function that delivers webhooks. Undeliverable events go to the queue at `webhook_dead_queue_url`."""

    table: str
    webhook_queue_url: str
    webhook_dead_queue_url: str
    allow_hosts: str


@dataclass(frozen=True, slots=True)
class SweeperSettings(_Settings):
    """For the sweeper. `bucket` has the pending settlements; `lateness` says how often it runs.

    `machine_arn` is the state machine of jobs; `end_function` ends orphaned jobs.
    """

    table: str
    bucket: str
    lateness: AllowedLateness
    machine_arn: str
    end_function: str


@dataclass(frozen=True, slots=True)
class RollupSettings(_Settings):
    """For the roll-up. `lateness` says how late a row may be written."""

    table: str
    lateness: AllowedLateness


def hosts_allowed_for_tests(env: Mapping[str, str]) -> str:
    """AUDIO_GATEWAY_ALLOW_HOSTS, as net/targets.py reads it. Raises `ConfigurationError` if it is set on AWS."""
    value = env.get("AUDIO_GATEWAY_ALLOW_HOSTS", "")
    if value and not env.get("AWS_ENDPOINT_URL"):
        message = "AUDIO_GATEWAY_ALLOW_HOSTS is for tests on a local stack; remove it from the deployed function"
        raise ConfigurationError(message)
    return value


def _count_of(env: Mapping[str, str], name: str, unit: str) -> int:
    value = required(env, name)
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ConfigurationError(f"The environment variable {name} is '{value}'; it must be a whole number of {unit}")
    return int(value)


_seconds: Final = partial(_count_of, unit="seconds")


def _lateness(env: Mapping[str, str]) -> AllowedLateness:
    return AllowedLateness(_seconds(env, "AUDIO_GATEWAY_HOLD_SECONDS"), _seconds(env, "AUDIO_GATEWAY_SWEEP_SECONDS"))


def _catalog(env: Mapping[str, str]) -> CatalogSource:
    engines = env.get("AUDIO_GATEWAY_ENGINES")
    return CatalogSource(
        required(env, "AUDIO_GATEWAY_CATALOG"), None if engines is None else frozenset(engines.split())
    )


_READERS: Final[Mapping[str, Callable[[Mapping[str, str]], Any]]] = {
    "allow_hosts": hosts_allowed_for_tests,
    "bucket": partial(required, name="BUCKET_NAME"),
    "catalog": _catalog,
    "end_function": partial(required, name="JOB_END_FUNCTION"),
    "lambda_concurrency": partial(_count_of, name="AUDIO_GATEWAY_LAMBDA_CONCURRENCY", unit="environments"),
    "lateness": _lateness,
    "machine_arn": partial(required, name="JOBS_MACHINE_ARN"),
    "origins": partial(required, name="AUDIO_GATEWAY_ALLOWED_ORIGINS"),
    "table": partial(required, name="TABLE_NAME"),
    "webhook_dead_queue_url": partial(required, name="WEBHOOK_DEAD_QUEUE_URL"),
    "webhook_queue_url": partial(required, name="WEBHOOK_QUEUE_URL"),
}
"""How each field is read, by its name. The same name is the same variable in all settings."""
