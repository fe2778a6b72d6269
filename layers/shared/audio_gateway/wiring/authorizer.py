"""The authorizer on AWS."""

from __future__ import annotations

from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.identity.authorizer import Authorizer
from audio_gateway.identity.key_store import KeyStore
from audio_gateway.wiring.settings import AuthorizerSettings


def authorizer_on_aws(settings: AuthorizerSettings) -> Authorizer:
    """Keys in the table."""
    return Authorizer(KeyStore(dynamodb_client(), settings.table))
