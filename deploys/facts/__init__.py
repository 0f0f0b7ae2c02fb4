"""What pyinfra asks a host."""
