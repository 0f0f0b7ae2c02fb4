"""The page around everything: for a phone, a desk and a printer. No script, no network."""

from collections.abc import Iterable

from checks.pages.parts import text

# The policy holds even where a value on the page had found a way to be more than text.
_SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""
# A chart of 900 units is readable from 40rem on; on a phone it is moved sideways within its box.
_STYLE = """\
:root { color-scheme: light; }
body { max-width: 60rem; margin: 1rem auto; padding: 0 1rem; font-family: system-ui, sans-serif;
  line-height: 1.4; color: #111; background: #fff; overflow-wrap: anywhere;
  -webkit-text-size-adjust: 100%; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
h1 { font-size: 1.5rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; }
svg { width: 100%; height: auto; break-inside: avoid; }
.wide { overflow-x: auto; } .wide svg { min-width: 40rem; }
table { border-collapse: collapse; overflow-wrap: normal; }
td, th { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }
td:first-child, th:first-child, .words td, .words th { text-align: left; vertical-align: top; }
tr { break-inside: avoid; }
h2, h3, summary { break-after: avoid; }
@page { margin: 15mm; }
@media print {
  body { max-width: none; margin: 0; padding: 0; font-size: 10pt; }
  .wide { overflow: visible; } .wide svg { min-width: 0; }
  details::details-content { content-visibility: visible; block-size: auto; }
}"""


def page(title: str, parts: Iterable[str], style: str = "") -> str:
    """HTML; the title is text, each part is HTML already, `style` is CSS of this kind of page."""
    css = f"{_STYLE}\n{style}" if style else _STYLE
    return _SHELL.format(title=text(title), style=css, body="\n".join(filter(None, parts)))
