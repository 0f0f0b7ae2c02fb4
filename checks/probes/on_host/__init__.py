"""Runs on the host, sent over standard input: any python3 from 3.8 on, and nothing installed.

Debian's python3-minimal has no json and no ctypes, so that nothing here needs either: without
ctypes nvidia-smi is asked instead of the driver's libraries.
"""
