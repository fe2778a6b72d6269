"""Clients of AWS and the one DynamoDB table."""
