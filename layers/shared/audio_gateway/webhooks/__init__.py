"""Webhook endpoints, and the events sent to them."""
