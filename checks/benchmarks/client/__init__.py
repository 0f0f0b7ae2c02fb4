"""One streamed answer, and when each part of it came."""
