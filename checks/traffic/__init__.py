"""What the gateways' own logs say about their traffic."""
