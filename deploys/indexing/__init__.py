"""Texts into a collection of the vector store, through the gateway; resumed after a kill."""
