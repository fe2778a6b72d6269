"""Handlers of the functions without HTTP: steps of jobs, schedules and webhook delivery."""
