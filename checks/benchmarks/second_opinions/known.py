"""Every other client that can be asked."""

from checks.benchmarks.second_opinions.aiperf import AIPERF
from checks.benchmarks.second_opinions.guidellm import GUIDELLM
from checks.benchmarks.second_opinions.vllm import VLLM

ADAPTERS = {one.program: one for one in (AIPERF, GUIDELLM, VLLM)}
