"""Rolling updates of one fleet, which all files here share."""
