"""How the site is built of these pages: `sphinx-build -W --keep-going docs output/site`."""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]  # the parts in _site; the library and its programs as they stand here

from _site.sources import line_of_entry as linkcode_resolve  # noqa: E402, F401

project = "tinygrad_lite"
author = "the authors of tinygrad_lite"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.linkcode",
    "_site.docstrings",
    "_site.example",
    "_site.sources",
    "_site.links",
]

myst_enable_extensions = ["colon_fence", "html_image"]
myst_heading_anchors = 3  # page.md#a-heading, as on code hosts

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_inherit_docstrings = False
autodoc_preserve_defaults = True
autodoc_typehints = "none"  # most arguments are "Any array"; the docstrings say what they are
add_module_names = False
toc_object_entries = False

smartquotes = False  # "valid" is an argument, with Python's quotes

html_theme = "furo"
html_title = "tinygrad_lite"
html_static_path = ["_site/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
