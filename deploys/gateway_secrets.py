"""Brings what a gateway's containers need and no release holds: keys, certificate, folders."""

from pyinfra import host

from deploys.operations import egress, gateway, gateway_certificate
from deploys.operations.manifest import host_directory, this_release

released = this_release(host).gateway
directory = host_directory(host)
folders = gateway.own_folders_of(released) if released is not None else ()

if released is not None:
    gateway.clients(
        name="Give the gateway its clients' keys",
        directory=directory,
        release=this_release(host),
        image=released.image,
    )

if released is not None and folders:
    gateway.own_folders(
        name="Give the gateway folders of its own",
        directory=directory,
        folders=folders,
        image=released.image,
    )

if released is not None and released.egress is not None:
    egress.prepared(
        name="Give the egress hop the provider's key",
        directory=directory,
        key=released.egress.key,
        image=released.image,
    )

if released is not None and released.tls is not None:
    gateway_certificate.certified(
        name="Give the gateway its certificate",
        directory=directory,
        tls=released.tls,
        image=released.image,
    )
