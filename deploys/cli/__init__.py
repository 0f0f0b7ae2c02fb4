"""The `homeport` command: one file per verb, thin."""
