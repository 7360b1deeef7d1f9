"""Sphinx settings: ``sphinx-build docs out`` with sphinx, myst-parser and furo."""

project = "hnlpeak"
author = "hnlpeak developers"
extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath"]
html_theme = "furo"
exclude_patterns = ["figures", "__pycache__"]
