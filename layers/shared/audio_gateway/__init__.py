"""An OpenAI-compatible audio API on AWS Lambda: the one layer that every function uses."""

__version__ = "0.1.0"
