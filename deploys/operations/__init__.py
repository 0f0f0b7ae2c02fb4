"""What pyinfra changes on a host."""
