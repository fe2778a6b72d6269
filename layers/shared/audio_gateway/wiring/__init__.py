"""Composition: the only package that names adapters and AWS clients together. Only functions import it."""
