# What systemd runs of the watch: `python3 FOLDER run`, where this lies as FOLDER/__main__.py.
import sys

from deploys.watching.main import main

sys.exit(main(sys.path[0], sys.argv[1:]))
