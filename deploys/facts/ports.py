"""Which TCP ports something on a host listens on."""

from pyinfra.api import FactBase, StringCommand

# State 0A in /proc/net/tcp is LISTEN (include/net/tcp_states.h, TCP_LISTEN = 10).
LISTEN = "0A"


class ListeningPorts(FactBase[list[int]]):
    """Sorted TCP ports in state LISTEN, of IPv4 and IPv6.

    Read from /proc: a minimal host has neither ss nor netstat.
    """

    default = list

    def command(self) -> StringCommand:
        """Both address families in one round trip."""
        return StringCommand("cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || true")

    def process(self, output: list[str]) -> list[int]:
        """The local ports of the rows in state LISTEN."""
        rows = (line.split() for line in output)
        return sorted({int(row[1].rpartition(":")[2], 16) for row in rows if row[3:4] == [LISTEN]})
