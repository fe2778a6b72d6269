"""What the functions read from their environment: once, when a function starts, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from audio_gateway.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """For the functions that only look things up. `catalog` is the path of the catalogue's TOML file."""

    catalog: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing."""
        return cls(catalog=_required(env, "AUDIO_GATEWAY_CATALOG"))


@dataclass(frozen=True, slots=True)
class TableSettings:
    """For the functions that work on the table alone."""

    table: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing."""
        return cls(table=_required(env, "TABLE_NAME"))


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """For the functions that call providers.

    `bucket` takes answers that are too big for Lambda, `table` is where they are metered, and `hold_seconds` is how
    long the price of a request that never ended stays held. `machine_arn` is the state machine of jobs.
    """

    catalog: str
    bucket: str
    table: str
    hold_seconds: int
    machine_arn: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        return cls(
            catalog=_required(env, "AUDIO_GATEWAY_CATALOG"),
            bucket=_required(env, "BUCKET_NAME"),
            table=_required(env, "TABLE_NAME"),
            hold_seconds=_seconds(env, "AUDIO_GATEWAY_HOLD_SECONDS"),
            machine_arn=_required(env, "JOBS_MACHINE_ARN"),
        )


@dataclass(frozen=True, slots=True)
class JobSettings:
    """For the steps of jobs: their files are in `bucket`, all else is in `table`."""

    catalog: str
    bucket: str
    table: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing."""
        return cls(
            catalog=_required(env, "AUDIO_GATEWAY_CATALOG"),
            bucket=_required(env, "BUCKET_NAME"),
            table=_required(env, "TABLE_NAME"),
        )


@dataclass(frozen=True, slots=True)
class EndingSettings(JobSettings):
    """For the steps that end jobs, whose news goes into the queue of webhooks."""

    webhook_queue_url: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing."""
        job = JobSettings.from_env(env)
        return cls(job.catalog, job.bucket, job.table, _required(env, "WEBHOOK_QUEUE_URL"))


@dataclass(frozen=True, slots=True)
class PrepareSettings(JobSettings):
    """For the step that reads audio. `allow_hosts` are those that a URL may name although they are private."""

    allow_hosts: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        job = JobSettings.from_env(env)
        return cls(job.catalog, job.bucket, job.table, hosts_allowed_for_tests(env))


@dataclass(frozen=True, slots=True)
class ListeningSettings(AudioSettings):
    """For the functions that take audio. `allow_hosts` are those that a URL may name although they are private."""

    allow_hosts: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        audio = AudioSettings.from_env(env)
        allowed = hosts_allowed_for_tests(env)
        return cls(audio.catalog, audio.bucket, audio.table, audio.hold_seconds, audio.machine_arn, allowed)


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """For the functions that work on the table and the bucket, and call no provider."""

    table: str
    bucket: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing."""
        return cls(table=_required(env, "TABLE_NAME"), bucket=_required(env, "BUCKET_NAME"))


@dataclass(frozen=True, slots=True)
class DeskSettings(StorageSettings):
    """For the function that shows and ends jobs; `machine_arn` is their state machine, their news goes to the queue."""

    machine_arn: str
    webhook_queue_url: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing."""
        storage = StorageSettings.from_env(env)
        machine_arn, queue_url = _required(env, "JOBS_MACHINE_ARN"), _required(env, "WEBHOOK_QUEUE_URL")
        return cls(storage.table, storage.bucket, machine_arn, queue_url)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """For the function that keeps webhook endpoints. `allow_hosts` are those that may be private."""

    table: str
    allow_hosts: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        return cls(table=_required(env, "TABLE_NAME"), allow_hosts=hosts_allowed_for_tests(env))


@dataclass(frozen=True, slots=True)
class WebhookDeliverySettings:
    """For the function that tells them. What nobody takes goes into the queue at `dead_queue_url`."""

    table: str
    queue_url: str
    dead_queue_url: str
    allow_hosts: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        return cls(
            table=_required(env, "TABLE_NAME"),
            queue_url=_required(env, "WEBHOOK_QUEUE_URL"),
            dead_queue_url=_required(env, "WEBHOOK_DEAD_QUEUE_URL"),
            allow_hosts=hosts_allowed_for_tests(env),
        )


@dataclass(frozen=True, slots=True)
class SweeperSettings:
    """For the sweeper. `bucket` has the evidence of answers that were not settled; it comes each `sweep_seconds`."""

    table: str
    bucket: str
    hold_seconds: int
    sweep_seconds: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        return cls(
            table=_required(env, "TABLE_NAME"),
            bucket=_required(env, "BUCKET_NAME"),
            hold_seconds=_seconds(env, "AUDIO_GATEWAY_HOLD_SECONDS"),
            sweep_seconds=_seconds(env, "AUDIO_GATEWAY_SWEEP_SECONDS"),
        )


@dataclass(frozen=True, slots=True)
class RollupSettings:
    """For the roll-up, which has to know how late a row may be written."""

    table: str
    hold_seconds: int
    sweep_seconds: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, naming the variable that is missing or wrong."""
        return cls(
            table=_required(env, "TABLE_NAME"),
            hold_seconds=_seconds(env, "AUDIO_GATEWAY_HOLD_SECONDS"),
            sweep_seconds=_seconds(env, "AUDIO_GATEWAY_SWEEP_SECONDS"),
        )


def hosts_allowed_for_tests(env: Mapping[str, str]) -> str:
    """AUDIO_GATEWAY_ALLOW_HOSTS, as jobs/remote.py reads it; raises `ConfigurationError` where it is set on AWS."""
    value = env.get("AUDIO_GATEWAY_ALLOW_HOSTS", "")
    if value and not env.get("AWS_ENDPOINT_URL"):
        message = "AUDIO_GATEWAY_ALLOW_HOSTS is for tests on a local stack: a deployed function does not start with it"
        raise ConfigurationError(message)
    return value


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise ConfigurationError(f"The environment variable {name} is not set; template.yaml sets it for each function")
    return value


def _seconds(env: Mapping[str, str], name: str) -> int:
    value = _required(env, name)
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ConfigurationError(f"The environment variable {name} is '{value}'; it must be a whole number of seconds")
    return int(value)
