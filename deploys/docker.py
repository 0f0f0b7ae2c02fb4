"""Docker Engine and Compose v2 on a host: what is missing is installed, and the daemon answers.

A host that has both is left alone and needs neither root nor sudo. daemon.json and
the containers' user are the kit's business on hosts over SSH only, unless `docker.daemon.managed`
says otherwise.
"""

from pyinfra import host

from deploys.operations import container_user, docker_daemon, docker_engine
from deploys.operations.host_words import docker_words, manages_daemon, manages_nvidia

docker = docker_words(host)

docker_engine.installed(
    name="Install Docker Engine and Compose v2", docker=docker, gpus=manages_nvidia(host)
)
if manages_daemon(host):
    container_user.reserved(name="Have a user for the containers")
    docker_daemon.configured(name="Set up the Docker daemon", daemon=docker.daemon)
if docker.daemon.registry_authorities:
    docker_daemon.trusted(
        name="Trust the private registries", authorities=docker.daemon.registry_authorities
    )
docker_engine.running(name="Have the Docker daemon answer")
