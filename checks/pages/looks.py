"""How every chart looks, and how it becomes text."""

from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import tostring

from pygal.style import Style

from checks.pages.parts import shown

# Okabe and Ito's colours, which people tell apart who see few colours.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#000000")


def looks(
    title: str, width: int = 900, height: int = 420, colours: Sequence[str] = COLOURS
) -> dict[str, Any]:
    """What all charts have in common; sizes in the SVG's own units."""
    style = Style(
        background="transparent",
        plot_background="transparent",
        font_family="system-ui, sans-serif",
        title_font_size=18,
        label_font_size=13,
        major_label_font_size=13,
        legend_font_size=14,
        colors=tuple(colours),
    )
    return {
        "title": shown(title),
        "style": style,
        "width": width,
        "height": height,
        "legend_at_bottom": True,
        "stroke_style": {"width": 2},
        "js": [],
    }


def svg(chart: Any, css: str = "wide") -> str:  # noqa: ANN401 - pygal has no types
    """In a box of its own, without pygal's script: a page that is mailed around runs nothing."""
    tree = chart.render_tree()
    for parent in list(tree.iter()):
        for script in parent.findall("script"):
            parent.remove(script)
    return f'<div class="{css}">{tostring(tree, encoding="unicode")}</div>'
