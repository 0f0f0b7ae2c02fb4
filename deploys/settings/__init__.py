"""Inventory words to typed settings, or every reason why not."""
