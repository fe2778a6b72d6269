"""The local AWS as this process uses it: clients, and credentials of the functions' roles."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final

from local.environments import Credentials
from local.settings import StackError

# Shared by the environments of a role until they come near their end; see FunctionPool.
_REUSE_UNTIL_S: Final = 1800


@dataclass(slots=True)
class Aws:
    """Where the local AWS is and the credentials of its root."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str
    _roles: dict[str, Credentials] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A boto3 client with root's credentials that never asks the operator's AWS configuration.

        Made once: boto3 reads a service's whole description for it.
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
        """Credentials of a function's role.

        Raises:
            StackError: the local AWS does not give them.
        """
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
