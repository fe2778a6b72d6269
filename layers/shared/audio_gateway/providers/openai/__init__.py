"""Any server that speaks the OpenAI audio API, OpenAI's own included."""

from audio_gateway.providers.openai.adapter import OpenAIAdapter

__all__ = ["OpenAIAdapter"]
