# What systemd runs of the watch, from deploys/watching: `python3 FOLDER run`.
import sys

from deploys.watching.main import main

sys.exit(main(sys.path[0], sys.argv[1:]))
