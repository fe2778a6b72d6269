"""`audio-gateway doctor`: checks whether a gateway, deployed or local, works. It calls the API and inspects AWS."""
