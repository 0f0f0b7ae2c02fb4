"""The tests; tests/README.md says where what stands."""

import pytest

# What tests share asserts too, and says no less when it fails.
pytest.register_assert_rewrite("tests.e2e", "tests.lab", "tests.served")
