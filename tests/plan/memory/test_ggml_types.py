"""What is written out of the `gguf` library is what it says, and no verb that plans imports it."""

import subprocess
import sys

from gguf import GGML_QUANT_SIZES

from deploys.plan.memory.ggml_types import BLOCKS


def test_the_table_is_the_librarys() -> None:
    assert {name.name.lower(): sizes for name, sizes in GGML_QUANT_SIZES.items()} == BLOCKS


def test_what_plans_renders_and_applies_does_without_it() -> None:
    modules = "deploys.cli.stages, deploys.operations.rolling, deploys.operations.models"
    ask = f"import sys, {modules}; print({{'gguf', 'numpy'}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
