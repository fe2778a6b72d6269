"""`audio-gateway doctor`: is a gateway, deployed or local, as it should be? Calls it, and reads what AWS says of it."""
