"""One replica on several hosts: which of its containers this is, and where they meet."""

from dataclasses import dataclass

from deploys.settings.words import bracketed


@dataclass(frozen=True)
class Member:
    """One container of a group."""

    host: str
    service: str
    address: str
    """Of its host, on the network that they share."""


@dataclass(frozen=True)
class Group:
    """As one of its members knows it."""

    rank: int
    """Its own; rank 0 answers requests, and the others do what it says."""
    members: tuple[Member, ...]
    """In the order of ranks."""
    master_port: int
    """Of rank 0's address, where they meet."""
    interface: str
    """Network device of its own host's address."""

    @property
    def address(self) -> str:
        """Of its own host."""
        return self.members[self.rank].address

    @property
    def master(self) -> str:
        """ADDRESS:PORT where they meet."""
        return f"{bracketed(self.members[0].address)}:{self.master_port}"
