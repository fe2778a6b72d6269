"""Work that takes longer than a request: uploads, jobs and their webhooks."""
