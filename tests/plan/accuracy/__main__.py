"""`python -m tests.plan.accuracy`: exit code 1 when a target is missed."""

import sys

from tests.plan.accuracy.report import main

if __name__ == "__main__":
    sys.exit(main())
