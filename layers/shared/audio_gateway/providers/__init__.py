"""Those who speak and listen for us: the port, and one module per adapter."""
