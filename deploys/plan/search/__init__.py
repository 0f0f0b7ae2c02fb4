"""The planner's search, one step a file, in the order of README's list:

facts of the pool (`alternatives`, `ladder`), the engine (`engines`), how many GPUs and what in RAM
(`stages`), which GPUs (`gpus`, `groups`), whether it fits there (`llamacpp_fit`, `vllm_fit`), on
which hosts (`rooms`, `seats`), in which order all this is tried (`attempts`), for all pools
(`fleet`); then threads (`threads`), and what would fit where nothing did (`nearest`).
"""
