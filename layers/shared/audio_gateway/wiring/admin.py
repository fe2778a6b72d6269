"""The admin function on AWS."""

from __future__ import annotations

from functools import partial

from audio_gateway.api.admin.app import admin_app
from audio_gateway.api.http.app import App
from audio_gateway.aws.dynamodb import dynamodb_client
from audio_gateway.identity.directory import Directory
from audio_gateway.wiring.catalogue import catalog_on_aws
from audio_gateway.wiring.settings import AdminSettings


def admin_on_aws(settings: AdminSettings) -> App:
    """Keys and projects in the table. The catalogue is read when a request first needs it."""
    directory = Directory(dynamodb_client(), settings.table)
    return admin_app(directory=directory, catalog=partial(catalog_on_aws, settings.catalog))
