"""The site of these pages, which scripts/docs.sh builds with Sphinx."""

import re
from pathlib import Path

project = "cucurbit"
# Pages link to each other and to files as in the repository, whose root is the source's.
root_doc = "README"
include_patterns = ["*.md", "docs/*.md", "docs/kinds/*.md"]
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "alabaster"
html_theme_options = {"description": "Ridgeless teacher-student fits, in parallel, against theory",
                      "page_width": "76em", "sidebar_width": "15em", "font_size": "15px", "code_font_size": "0.85em"}
html_show_copyright = html_show_sourcelink = False

_CONTENTS = """
```{toctree}
:hidden:

self
docs/studies
docs/kinds/model_shift
docs/kinds/two_stage
docs/kinds/weak_to_strong
docs/kinds/chain
docs/kinds/graph
docs/kinds/gradient_descent
docs/kinds/features
docs/tables
docs/python
docs/theory
docs/numerics
docs/benchmarks
docs/clusters
docs/cuda
docs/design
docs/extending
CONTRIBUTING
CHANGELOG
```
"""


def _as_pages(app, name, source):
    """Makes of a file of the repository what Sphinx takes: a link to a folder is its text."""
    folder = Path(app.srcdir, name).parent
    source[0] = re.sub(r"\[([^]]+)\]\(([^)#:]+)\)", lambda link: link[1] if (folder / link[2]).is_dir() else link[0],
                       source[0]).replace("```mermaid", "```text")
    if name == root_doc:
        source[0] += _CONTENTS


def setup(app):
    app.connect("source-read", _as_pages)
