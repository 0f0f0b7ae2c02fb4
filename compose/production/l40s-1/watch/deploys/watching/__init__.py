"""The watch: what systemd runs every few seconds on hosts that serve, from the release itself.

Any python3 from 3.8 on with its standard library, and nothing else of the kit. What judges
(`judging`, `restarts`, `pools`) asks nobody and changes nothing.
"""
