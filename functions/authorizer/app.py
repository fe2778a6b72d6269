"""The REQUEST authorizer: identifies the owner of the key in the Authorization header."""

import os

from audio_gateway import init_phase
from audio_gateway.wiring.authorizer import AuthorizerSettings, authorizer_on_aws

settings = AuthorizerSettings.from_env(os.environ)
authorizer = authorizer_on_aws(settings)
handler = init_phase.done(authorizer.handle)
