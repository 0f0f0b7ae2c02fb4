"""Variables."""

environment_variables = {"VLLM_CACHE_ROOT": None, "CUDA_HOME": None}
