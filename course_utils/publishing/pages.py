"""The pages: ``python -m course_utils.publishing.pages`` (``make site``).

Each lecture, the index and the students' exercises become one HTML file each in build/site, with the explorers live:
they hold their data, and need no kernel. Scripts and styles lie beside them in assets/: nothing is fetched.
"""

import re
from copy import deepcopy
from pathlib import Path

from course_utils.address import repository
from course_utils.progress import progress_bar
from course_utils.publishing.exporting import export
from course_utils.publishing.site import NOTEBOOKS, SITE, heading, lectures, read, title, write_assets

from nbformat import NotebookNode


def folded(notebook: NotebookNode) -> NotebookNode:
    """Marks what a reader opens by a click, as in JupyterLab: answers, up to the next heading, and hidden sources.

    What is for Colab alone is left out.
    """
    notebook = deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if "colab" not in cell.metadata.get("tags", [])]
    ranks: list[int] = []  # of what is open, one within the other
    for i, cell in enumerate(notebook.cells):
        rank, words = heading(cell) or (None, "")
        while rank and ranks and rank <= ranks[-1]:
            close(notebook.cells[i - 1])
            ranks.pop()
        if rank and cell.metadata.get("jp-MarkdownHeadingCollapsed"):
            cell.metadata.fold = words
            cell.source = cell.source.partition("\n")[2].strip()
            ranks.append(rank)
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata.folded_code = "How this is made"
        elif cell.cell_type == "code" and cell.metadata.get("slideshow", {}).get("slide_type") == "skip":
            cell.metadata.folded_code = "To run it yourself"
    for _ in ranks:
        close(notebook.cells[-1])
    return notebook


def close(cell: NotebookNode) -> None:
    """Marks the last cell of what is folded."""
    cell.metadata.fold_ends = cell.metadata.get("fold_ends", 0) + 1


def about(notebook: NotebookNode) -> str:
    """The first paragraph after the title, in Markdown."""
    paragraphs = notebook.cells[0].source.split("\n\n")
    return next((words for words in paragraphs if not words.startswith(("#", "["))), title(notebook))


def with_questions(student: NotebookNode, source: NotebookNode) -> NotebookNode:
    """The students' edition, which has no outputs, with what its source's cells ask."""
    asked = {cell.id: cell.outputs for cell in source.cells if re.match(r"exercises\.\w+\.ask\(", cell.source)}
    for cell in student.cells:
        cell.get("outputs", []).extend(asked.get(cell.id, []))
    return student


def write_page(notebook: NotebookNode, place: Path, site: Path, links: list[tuple[str, str]], **page: object) -> None:
    """The page of a notebook that lies at ``place`` among the notebooks, at the same place in ``site``."""
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
    decks = [(str(i), f"slides/{name}") for i, (name, _) in enumerate(names, 1)]
    write_page(read(NOTEBOOKS / "index.ipynb"), Path("index.ipynb"), site, [], decks=decks)
    for i, path in enumerate(progress_bar(order)):
        write_page(
            read(path),
            Path(path.name),
            site,
            [("Slides", f"slides/{names[i][0]}"), ("Exercises", f"exercises/student/{names[i][0]}")],
            previous=names[i - 1] if i else ("index.html", "All lectures"),
            next=names[i + 1] if i + 1 < len(names) else None,
        )
        place = Path("exercises", "student", path.name)
        exercises = with_questions(read(NOTEBOOKS / place), read(NOTEBOOKS / "exercises" / path.name))
        write_page(exercises, place, site, [("Lecture", f"../../{names[i][0]}")])


if __name__ == "__main__":
    write_site()
    print(f"Open {SITE / 'index.html'}")
