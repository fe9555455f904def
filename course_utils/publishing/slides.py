"""The slides: ``python -m course_utils.publishing.slides`` (``make slides``).

Each lecture becomes a reveal.js deck in build/site/slides. The cells' own marks (JupyterLab: Property Inspector, Slide
Type) say what is a slide: "slide" begins a section, "subslide" the next slide below it, "fragment" comes with a click,
"notes" only the presenter sees, "skip" nobody. Code is shown where the cell has the tag "code"; the tag "beside" on the
first cell of a slide puts that cell to the left of the others; of a rule's card, "formulas" shows no source; "dense"
makes a table small.
"""

from dataclasses import dataclass, field
from pathlib import Path

from course_utils.progress import progress_bar
from course_utils.publishing.exporting import export
from course_utils.publishing.site import SITE, heading, lectures, read, title, write_assets

from nbformat import NotebookNode

KINDS = ("slide", "subslide", "fragment", "notes", "skip", "-")


@dataclass
class Slide:
    section: str  # its heading
    cells: list[NotebookNode] = field(default_factory=list)
    notes: list[NotebookNode] = field(default_factory=list)

    @property
    def below(self) -> str:
        """The heading of its section, if it has none of its own."""
        return "" if heading(self.cells[0]) else self.section

    @property
    def columns(self) -> list[list[NotebookNode]]:
        """One column of cells, or two."""
        beside = "beside" in self.cells[0].metadata.get("tags", [])
        return [self.cells[:1], self.cells[1:]] if beside else [self.cells]


def sections(notebook: NotebookNode) -> list[list[Slide]]:
    """The slides, in sections. Raises ValueError for an unknown mark, or for a cell before the first slide."""
    found: list[list[Slide]] = []
    section = ""
    for cell in notebook.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if kind not in KINDS:
            raise ValueError(f"slide_type must be one of {', '.join(KINDS)}, got {kind!r} in: {cell.source[:60]!r}")
        if kind == "skip" or (kind == "-" and cell.cell_type == "code" and not shown(cell)):
            continue
        if kind == "slide":
            found.append([])
            _, section = heading(cell) or (0, section)
        if not found:
            raise ValueError(f"The first cell that is not skipped must be a slide, got {kind!r}: {cell.source[:60]!r}")
        if kind in ("slide", "subslide"):
            found[-1].append(Slide(section))
        (found[-1][-1].notes if kind == "notes" else found[-1][-1].cells).append(cell)
    return found


def shown(cell: NotebookNode) -> bool:
    """Whether anything of a code cell is seen on a slide."""
    return bool(cell.outputs) or "code" in cell.metadata.get("tags", [])


def write_slides(site: Path = SITE) -> None:
    """A deck for each lecture, in ``site``/slides. Raises FileNotFoundError without lectures."""
    order, folder = lectures(), site / "slides"
    write_assets(site)
    folder.mkdir(exist_ok=True)
    for path in progress_bar(order):
        notebook = read(path)
        html = export(notebook, "slides", up="../", title=title(notebook), root="../", sections=sections(notebook))
        (folder / path.with_suffix(".html").name).write_text(html, encoding="utf-8")


if __name__ == "__main__":
    write_slides()
    print(f"Open {SITE / 'slides'}; the key S shows the presenter's notes.")
