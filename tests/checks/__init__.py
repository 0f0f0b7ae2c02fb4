"""Tests of checks/: each check is made to fail for its own reason, and passes otherwise."""
