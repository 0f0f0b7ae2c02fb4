"""A fleet as many have it: two gateways with one address, four hosts with GPUs, one for data."""

production = [
    ("gate1", {"address": "10.30.0.11", "interface": "eno1"}),
    ("gate2", {"address": "10.30.0.12", "interface": "eno1"}),
    # 8x H100 each, joined by NVSwitch.
    ("h100-1", {"address": "10.30.0.21"}),
    ("h100-2", {"address": "10.30.0.22"}),
    # 4x L40S each, on PCIe alone.
    ("l40s-1", {"address": "10.30.0.31"}),
    ("l40s-2", {"address": "10.30.0.32"}),
    # Vectors, and who watches: both need disk and RAM, and no GPU.
    ("data1", {"address": "10.30.0.41"}),
]

gateways = ["gate1", "gate2"]
gpu_hosts = ["h100-1", "h100-2", "l40s-1", "l40s-2"]
vector_stores = ["data1"]
monitors = ["data1"]
