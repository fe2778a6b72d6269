"""Objects in the gateway's bucket."""
