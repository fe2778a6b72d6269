"""A Lambda runtime that streams responses, in place of AWS's runtime client for Python, which cannot.

`stream-bootstrap` starts it as a program. It asks the Runtime API for events, calls the function's handler, and posts
its responses. Source: AWS Lambda developer guide, "Using the Lambda runtime API" and "Building a custom runtime".
"""
