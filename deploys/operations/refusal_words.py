"""The words by which `homeport apply` knows that pyinfra ended before any host was touched."""

# No pyinfra in here: the command reads these words and must not import it.
REFUSED = "refused before any change:"
