"""How fast and how large: measured by hand with `make bench-deploy`, not by `make test`."""
