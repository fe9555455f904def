"""Where the pages and the slides go, what they are made from, and what they need beside themselves."""

import re
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
SITE = ROOT / "build" / "site"

# Nothing is fetched: packages of the extra "pages" bring these along.
VENDORED = {
    "mathjax.js": ("mathjax", "static/mathjax/es5/tex-svg.js"),
    "mathjax.LICENSE": ("mathjax", "static/mathjax/LICENSE"),
    "reveal.js": ("sphinx_revealjs", "_static/revealjs/dist/reveal.js"),
    "reveal.css": ("sphinx_revealjs", "_static/revealjs/dist/reveal.css"),
    "reveal.LICENSE": ("sphinx_revealjs", "_static/revealjs/LICENSE"),
    "notes.js": ("sphinx_revealjs", "_static/revealjs/plugin/notes/notes.js"),
}
OWN = ("common.css", "page.css", "slides.css", "common.js", "page.js", "slides.js")


def lectures() -> list[Path]:
    """The executed notebooks of the lectures, in their order. Raises FileNotFoundError where there is none."""
    found = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise FileNotFoundError(f"There are no lectures in {NOTEBOOKS}: this needs a clone of the repository.")
    return found


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def title(notebook: NotebookNode) -> str:
    """Its first heading. Raises ValueError where there is none."""
    found = next(filter(None, map(heading, notebook.cells)), None)
    if found is None:
        raise ValueError(f"A notebook's title is its first heading, and there is none in {notebook.cells[:1]}.")
    return found[1]


def heading(cell: NotebookNode) -> tuple[int, str] | None:
    """The rank and the words of the heading that a cell begins with, if it does. A comment in code is none."""
    found = re.match(r"(#+) (.+)", cell.source) if cell.cell_type == "markdown" else None
    return (len(found[1]), found[2]) if found else None


def write_assets(site: Path) -> None:
    """Puts scripts and styles into ``site``/assets."""
    folder = site / "assets"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (package, path) in VENDORED.items():
        with as_file(files(package).joinpath(path)) as source:
            shutil.copyfile(source, folder / name)
    for name in OWN:
        shutil.copyfile(Path(__file__).parent / "assets" / name, folder / name)
