"""Has the images that a host's release names on the host: built there, or pulled.

What they are built from lies below, in images/: one folder per image, none of them a package.
"""

from pyinfra import host

from deploys.operations.image_list import every_image
from deploys.operations.manifest import host_directory, this_release

every_image(this_release(host), host_directory(host))
