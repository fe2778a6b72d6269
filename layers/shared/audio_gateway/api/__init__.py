"""The endpoints: they read requests and write responses. The only package that knows HTTP and its status codes."""
