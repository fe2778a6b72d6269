"""The REQUEST authorizer: identifies the owner of the key in the Authorization header."""

import os

from audio_gateway import init_phase
from audio_gateway.identity.authorizer import Authorizer

authorizer = Authorizer.from_env(os.environ)
handler = init_phase.done(authorizer.handle)
