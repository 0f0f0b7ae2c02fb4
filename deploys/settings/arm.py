"""Whether requests may leave the fleet, in the word that pools and clients use."""

from typing import Literal

Arm = Literal["never", "fallback", "share"]
"""`fallback`: when no replica takes a request, or answers in time; `share`: also a fixed part of
the requests, at once. A request leaves only where its pool and its client both say so."""
