"""NVIDIA's driver, container toolkit and CDI specification, on hosts that have such a device.

On a host without one it says so and does nothing. On this machine (`@local`) nothing is done unless
`nvidia.managed` says so: a workstation's driver is its owner's.
"""

from pyinfra import host

from deploys.operations import nvidia
from deploys.operations.host_words import manages_nvidia, nvidia_words

words = nvidia_words(host)

if nvidia.is_wanted(manages_nvidia(host)):
    nvidia.driver(name="Install the NVIDIA driver", words=words.driver)
    nvidia.toolkit(name="Install NVIDIA's container toolkit", words=words.toolkit)
    nvidia.kept(name="Keep driver and toolkit as they are")
    nvidia.working(name="Have kernel module and libraries fit")
    nvidia.specified(name="Have a CDI specification of this driver")
