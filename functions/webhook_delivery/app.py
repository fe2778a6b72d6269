"""Delivers the queued events of ended jobs to webhook endpoints."""

import os

from audio_gateway import init_phase
from audio_gateway.wiring.settings import WebhookDeliverySettings
from audio_gateway.wiring.webhook_delivery import webhook_dispatcher_on_aws
from audio_gateway.workers.webhook_delivery import webhook_delivery_handler

settings = WebhookDeliverySettings.from_env(os.environ)
dispatcher = webhook_dispatcher_on_aws(settings)
handler = init_phase.done(webhook_delivery_handler(dispatcher))
