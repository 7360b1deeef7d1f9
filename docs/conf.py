"""Sphinx settings: ``sphinx-build -W docs out`` with the extra ``docs``; pages need no network to be read."""

import sys
from pathlib import Path

import hnlpeak

sys.path.insert(0, str(Path(__file__).parent))

project = "hnlpeak"
author = "hnlpeak developers"
version = release = hnlpeak.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "mathml",
    "reference",
    "generated",
    "made_with",
]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_show_copyright = False
html_title = f"hnlpeak {release}"
html_math_renderer = "mathml"
html_copy_source = False
exclude_patterns = ["figures", "__pycache__"]
templates_path = ["_templates"]
autosummary_ignore_module_all = False
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
python_use_unqualified_type_names = True
nitpicky = False
