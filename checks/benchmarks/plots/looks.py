"""How every chart looks, and how it becomes text."""

from typing import Any
from xml.etree.ElementTree import tostring

from pygal.style import Style

# Okabe and Ito's colours, which people tell apart who see few colours.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#000000")
STYLE = Style(
    background="transparent",
    plot_background="transparent",
    font_family="system-ui, sans-serif",
    title_font_size=18,
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=14,
    colors=COLOURS,
)


def looks(title: str) -> dict[str, Any]:
    """What all charts have in common."""
    return {
        "title": title,
        "style": STYLE,
        "width": 900,
        "height": 420,
        "legend_at_bottom": True,
        "stroke_style": {"width": 2},
        "js": [],
    }


def svg(chart: Any) -> str:  # noqa: ANN401 - pygal has no types
    """Without pygal's script: a page that is mailed around should run nothing."""
    tree = chart.render_tree()
    for parent in list(tree.iter()):
        for script in parent.findall("script"):
            parent.remove(script)
    return tostring(tree, encoding="unicode")
