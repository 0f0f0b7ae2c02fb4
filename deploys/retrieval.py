"""Brings the vector store of a host to its current release: PostgreSQL, its users and its schema.

Collections are made and filled by `homeport index`.
"""

from pyinfra import host

from deploys.operations import compose, vector_store
from deploys.operations.manifest import host_directory, this_project, this_release

project = this_project(host, "vector_stores")
released = this_release(host).retrieval

if project is not None and released is not None:
    vector_store.prepared(
        name="Give the vector store its folders and passwords",
        directory=host_directory(host),
        image=released.image,
    )
    vector_store.placed(
        name="Put the store's files where its container sees them",
        directory=host_directory(host),
        files=vector_store.files_of(this_release(host)),
    )
    compose.up(
        name="Bring the vector store up",
        project=project.name,
        directory=f"{host_directory(host)}/current/vector_stores",
        services=project.services,
    )
    vector_store.migrated(
        name="Bring the store's database to this release",
        container=released.container,
        migrations=vector_store.migrations_of(this_release(host)),
    )
    vector_store.agreed(
        name="Hold collections against the models of this release",
        release=this_release(host),
    )
