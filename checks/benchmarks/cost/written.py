"""How money and tokens are written for people."""


def money(value: float) -> str:
    """Three digits at least, whatever its size: `12,345`, `12.35`, `0.0123`."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 1 or not value else f"{value:.3g}"


def millions(value: float) -> str:
    """Tokens, in millions: `3,154`, `12.3`, `0.00123`."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 or not value else f"{value:.3g}"
