"""How long verifying a fleet takes, and how that grows; hosts are an `ssh` that answers by rote."""
