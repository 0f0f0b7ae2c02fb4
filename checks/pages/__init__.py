"""How the kit's pages are made: whole by themselves, with nothing that runs or is loaded."""
