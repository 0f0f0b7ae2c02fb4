"""The benchmark: arithmetic on made-up answers and a clock that jumps, the client on loopback."""
