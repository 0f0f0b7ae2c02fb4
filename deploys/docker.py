"""Docker Engine and Compose v2 on a host: what is missing is installed, and the daemon answers.

A host that has both is left alone and needs neither root nor sudo.
"""

from deploys.operations import docker_engine

docker_engine.installed(name="Install Docker Engine and Compose v2")
docker_engine.running(name="Have the Docker daemon answer")
