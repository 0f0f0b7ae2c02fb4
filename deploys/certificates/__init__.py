"""X.509 by the library `cryptography`: what certificates say, and those the kit issues itself."""
