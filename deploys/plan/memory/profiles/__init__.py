"""Facts of each engine version that memory depends on; one file per pinned version."""
