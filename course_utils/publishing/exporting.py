"""A notebook through one of the templates."""

import re
from pathlib import Path
from typing import Any

from nbconvert import HTMLExporter
from nbformat import NotebookNode

TEMPLATES = Path(__file__).parent / "templates"


def export(notebook: NotebookNode, template: str, up: str = "", **page: Any) -> str:
    """HTML of ``notebook`` by ``templates/<template>``, which finds ``page``.

    Links to notebooks lead to pages; ``up`` comes before them, for what lies elsewhere than its notebook.
    """
    exporter = HTMLExporter(template_name=template, extra_template_basedirs=[str(TEMPLATES)])
    html, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    return re.sub(r'(<a [^>]*href=")(?!https?:)([^"#]+)\.ipynb(?=["#])', rf"\g<1>{up}\g<2>.html", html)
