"""Other clients' opinions of the same gateway: one file for each, and one face for all."""
