"""Where a request can get to, by nginx's files alone: the proof that some never leave the fleet."""
