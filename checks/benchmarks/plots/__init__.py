"""A benchmark as a page that one can look at."""
