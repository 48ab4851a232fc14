"""Settings of the documentation (Sphinx)."""

import sys
from importlib import metadata
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert

sys.path.insert(0, str(Path(__file__).parent))

import generate  # noqa: E402

generate.write_all()

project = "esgap"
copyright = "the esgap authors"
release = metadata.version("esgap")
extensions = ["myst_parser"]
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["generated/results/*", "generated/kinds.md", "generated/launchers.md", "generated/parts.md"]
html_theme = "furo"
html_title = "esgap"


def inline(self, node):
    """A formula as MathML, which browsers draw themselves: nothing is fetched from another host."""
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block(self, node):
    """A formula on a line of its own, which may be wider than a telephone."""
    self.body.append(f'<div style="overflow-x: auto">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app):
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
