"""The kinds of jobs: what each does differently from the others."""
