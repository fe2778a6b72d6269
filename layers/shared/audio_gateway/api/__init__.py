"""HTTP in, HTTP out: request models, OpenAI's envelope, answers. The only package that knows status codes."""
