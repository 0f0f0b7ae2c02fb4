"""What runs for real: this machine, Docker, engines, nginx, pyinfra as a user runs it."""
