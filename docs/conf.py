"""The site of these pages, which scripts/docs.sh builds with Sphinx."""

import os
import re
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(_ROOT / "python"))
from cucurbit.program import ProgramNotFound, find_program  # noqa: E402

project = "cucurbit"
# Pages link to each other and to files as in the repository, whose root is the source's.
root_doc = "README"
include_patterns = ["*.md", "docs/*.md", "docs/*/*.md", "docs/notebooks/*.ipynb"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "breathe"]
myst_heading_anchors = 4
html_theme = "alabaster"
html_theme_options = {"description": "Ridgeless teacher-student fits, in parallel, against theory",
                      "page_width": "76em", "sidebar_width": "17em", "font_size": "15px", "code_font_size": "0.85em"}
html_show_copyright = html_show_sourcelink = False

# Notebooks keep no results: they are run here, by the program and the package of this repository.
try:
    os.environ["PATH"] = f"{Path(find_program()).resolve().parent}:{os.environ['PATH']}"
    nb_execution_mode = "force"
except ProgramNotFound as _error:
    print(f"notebooks are shown without their results: {_error}", file=sys.stderr)
    nb_execution_mode = "off"
os.environ["PYTHONPATH"] = str(_ROOT / "python")
nb_execution_in_temp = nb_execution_raise_on_error = nb_merge_streams = True
nb_execution_timeout = 120
# Bars are for those who wait, and their scripts would come over the network.
os.environ["TQDM_DISABLE"] = "1"
nb_ipywidgets_js = {}

# Docstrings have hints of their own, `code` in one pair of quotes, and indented examples.
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
default_role = "code"
smartquotes = False
breathe_default_project = "cucurbit"
# The namespace, which every header opens.
suppress_warnings = ["duplicate_declaration.cpp"]

_CONTENTS = """
```{toctree}
:hidden:
:caption: Start

self
docs/notebooks/quick_start
docs/notebooks/own_teacher_and_features
docs/notebooks/weak_to_strong_from_activations
docs/notebooks/cluster
```
```{toctree}
:hidden:
:caption: Use

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
docs/clusters
docs/cuda
```
```{toctree}
:hidden:
:caption: Understand

docs/theory
docs/numerics
docs/reliability
docs/benchmarks
```
```{toctree}
:hidden:
:caption: Reference

docs/api/python
docs/api/cpp
CHANGELOG
```
```{toctree}
:hidden:
:caption: Develop

docs/design
docs/extending
CONTRIBUTING
```
"""


def _as_pages(app, name, source):
    """Makes of a file of the repository what Sphinx takes: a link to a folder is its text."""
    path = Path(app.env.doc2path(name))
    if path.suffix == ".md":
        source[0] = re.sub(r"\[([^]]+)\]\(([^)#:]+)\)", lambda link: link[1] if (path.parent / link[2]).is_dir() else link[0],
                           source[0]).replace("```mermaid", "```text")
    if name == root_doc:
        source[0] += _CONTENTS


def _with_examples(app, what, name, thing, options, lines):
    """An indented paragraph of a docstring is code, as in Markdown."""
    for place in range(len(lines) - 1, 0, -1):
        if lines[place].startswith("    ") and not lines[place - 1]:
            before = next((line for line in lines[place - 1::-1] if line), "")
            if not before.startswith("    "):
                lines[place:place] = ["::", ""]


def _read_headers(app):
    """What Doxygen finds in the C++ headers, for Breathe."""
    folder = Path(app.doctreedir, "doxygen")
    folder.mkdir(parents=True, exist_ok=True)
    app.config.breathe_projects = {"cucurbit": str(folder / "xml")}
    subprocess.run(["doxygen", "-"], input=(_ROOT / "docs/Doxyfile").read_text() + f"OUTPUT_DIRECTORY = {folder}\n",
                   text=True, check=True, cwd=_ROOT)


def setup(app):
    app.connect("source-read", _as_pages)
    app.connect("autodoc-process-docstring", _with_examples)
    app.connect("builder-inited", _read_headers)
