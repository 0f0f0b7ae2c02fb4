"""What session affinity is worth: a real gateway over synthetic replicas with a prefix cache."""
