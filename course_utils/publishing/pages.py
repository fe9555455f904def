"""The pages: ``python -m course_utils.publishing.pages`` (``make site``).

Each lecture, the index and the students' exercises become one HTML file each in build/site, with the explorers live:
they hold their data, and need no kernel. Scripts and styles lie beside them in assets/: nothing is fetched.
"""

import re
from copy import deepcopy
from pathlib import Path

from course_utils.address import repository
from course_utils.publishing.exporting import export
from course_utils.publishing.site import NOTEBOOKS, SITE, lectures, read, title, write_assets

from nbformat import NotebookNode
from tqdm import tqdm


def folded(notebook: NotebookNode) -> NotebookNode:
    """Marks what a reader opens by a click, as in JupyterLab: answers, up to the next heading, and hidden sources.

    What is for Colab alone is left out.
    """
    notebook = deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if "colab" not in cell.metadata.get("tags", [])]
    open_at, level = None, 0
    for i, cell in enumerate(notebook.cells):
        heading = re.match(r"(#+) (.+)", cell.source) if cell.cell_type == "markdown" else None
        if open_at is not None and heading and len(heading[1]) <= level:
            notebook.cells[i - 1].metadata.fold_ends = True
            open_at = None
        if heading and cell.metadata.get("jp-MarkdownHeadingCollapsed"):
            cell.metadata.fold, open_at, level = heading[2], i, len(heading[1])
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata.folded_code = "How this is made"
        elif cell.cell_type == "code" and cell.metadata.get("slideshow", {}).get("slide_type") == "skip":
            cell.metadata.folded_code = "To run it yourself"
    if open_at is not None:
        notebook.cells[-1].metadata.fold_ends = True
    return notebook


def about(notebook: NotebookNode) -> str:
    """The first sentences after the title."""
    lines = notebook.cells[0].source.splitlines()
    return next((line for line in lines if line and not line.startswith(("#", "[", "*"))), title(notebook))


def write_page(path: Path, site: Path, links: list[tuple[str, str]], **page: object) -> None:
    """The page of the notebook at ``path``, at the same place in ``site``."""
    place = path.relative_to(NOTEBOOKS)
    notebook = read(path)
    page |= {
        "title": title(notebook),
        "about": about(notebook),
        "links": links,
        "root": "../" * (len(place.parts) - 1),
        "repository": repository(),
    }
    html = export(folded(notebook), "page", **page)
    headings = re.findall(r'<h2 id="([^"]+)">(.+?)<a class="anchor-link"', html)
    items = "".join(f'<li><a href="#{anchor}">{name}</a></li>' for anchor, name in headings)
    target = site / place.with_suffix(".html")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(html.replace("<!-- contents -->", items), encoding="utf-8")


def write_site(site: Path = SITE) -> None:
    """All pages. Raises FileNotFoundError without lectures."""
    order = lectures()
    names = [(path.with_suffix(".html").name, title(read(path))) for path in order]
    write_assets(site)
    write_page(NOTEBOOKS / "index.ipynb", site, [])
    for i, path in enumerate(tqdm(order, desc="pages", unit="page")):
        exercises = NOTEBOOKS / "exercises" / "student" / path.name
        write_page(
            path,
            site,
            [("Slides", f"slides/{names[i][0]}"), ("Exercises", f"exercises/student/{names[i][0]}")],
            previous=names[i - 1] if i else ("index.html", "All lectures"),
            next=names[i + 1] if i + 1 < len(names) else None,
        )
        write_page(exercises, site, [("Lecture", f"../../{names[i][0]}")])


if __name__ == "__main__":
    write_site()
    print(f"Open {SITE / 'index.html'}")
