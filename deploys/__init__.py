"""How an environment gets onto its hosts; every module directly here can be handed to pyinfra."""
