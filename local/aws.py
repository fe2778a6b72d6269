"""Clients of the local AWS, and credentials of the functions' roles."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final

from local.environments import Credentials
from local.settings import StackError

# The environments of a role share its credentials until these are about to expire; see FunctionPool.
_REUSE_UNTIL_S: Final = 1800


@dataclass(slots=True)
class LocalAws:
    """The local AWS: its endpoint and its root credentials."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str
    _roles: dict[str, Credentials] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a boto3 client with the root credentials. It never uses the operator's AWS configuration.

        Clients are cached: boto3 loads a service's whole description for each new one.
        """
        if service not in self._clients:
            self._clients[service] = self._make_client(service)
        return self._clients[service]

    def _make_client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        session = boto3.session.Session(
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=self.region,
        )
        config = Config(proxies={}, retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
        return session.client(service, endpoint_url=self.endpoint_url, config=config)

    def role_credentials(self, role_arn: str) -> Credentials:
        """Return credentials of a function's role. Raises `StackError` if the local AWS refuses."""
        known = self._roles.get(role_arn)
        if known is None or known.expires_at - time.time() < _REUSE_UNTIL_S:
            known = self._roles[role_arn] = self._assume(role_arn)
        return known

    def _assume(self, role_arn: str) -> Credentials:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="local")["Credentials"]
        except (BotoCoreError, ClientError) as error:
            raise StackError(f"the local AWS gives no credentials for {role_arn}: {error}") from error
        return Credentials(
            answer["AccessKeyId"],
            answer["SecretAccessKey"],
            answer["SessionToken"],
            answer["Expiration"].timestamp(),
        )
