"""A stand-in for the package `vllm`, for the program that asks it about its flags."""
