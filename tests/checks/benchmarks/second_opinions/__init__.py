"""Tests of what other clients are asked, and of what is read of their answers."""
