"""Its tool parsers."""


class ToolParserManager:
    """As it is called there."""

    @staticmethod
    def list_registered() -> list[str]:
        """Names."""
        return ["hermes", "beam"]
