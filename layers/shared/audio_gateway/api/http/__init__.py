"""HTTP plumbing: the app, errors, identity, bodies, parameters and responses."""
