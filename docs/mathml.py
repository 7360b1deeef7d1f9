"""Sphinx extension: formulas become MathML while the pages are built, so that they need neither network nor script."""

from __future__ import annotations

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)


def _render(translator, node, block):
    try:
        return tex2mathml(node.astext(), as_block=block)
    except MathError as error:
        logger.warning("formula %r: %s", node.astext(), error, location=node, type="mathml")
        return translator.encode(node.astext())


def inline(translator, node):
    """Write an inline formula."""
    translator.body.append(_render(translator, node, block=False))
    raise nodes.SkipNode


def block(translator, node):
    """Write a displayed formula."""
    translator.body.append(f'<div class="math">{_render(translator, node, block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app):
    """Register the renderer, which ``html_math_renderer = "mathml"`` chooses."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
