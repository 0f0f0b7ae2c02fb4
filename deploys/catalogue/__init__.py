"""What a model is: its entry in inventories/models.yaml, read from the weights themselves."""
