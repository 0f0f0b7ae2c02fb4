"""How well clients tell the time: `homeport bench`'s own and others, against known timings."""
