"""The memory estimator against llama.cpp that runs on a real GPU."""
