"""The students' edition of the exercises: ``python -m course_utils.exercises.student`` (``make student``).

From each notebook in notebooks/exercises/ it makes the one of the same name in student/, without solutions, hidden
tests and outputs, by nbgrader's own marks and preprocessors, and build/exercises.zip with all of them. nbgrader can
collect and grade what students hand in, from the same sources.
"""

import re
import zipfile
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

SOURCES = Path("notebooks/exercises")
EDITION = SOURCES / "student"
ZIP = Path("build/exercises.zip")
STUB = "raise NotImplementedError  # write it here"


def edition(source: Path) -> NotebookNode:
    """What students get of a notebook. Where an answer, and no function, is wanted, nothing stands in its place."""
    notebook = nbformat.read(source, as_version=4)
    for preprocessor in (
        ClearSolutions(code_stub={"python": STUB}),
        ClearHiddenTests(),
        ClearOutputPreprocessor(),
    ):
        notebook, _ = preprocessor.preprocess(notebook, {})
    for cell in notebook.cells:
        cell.source = re.sub(rf"^{re.escape(STUB)}\n?", "", cell.source, flags=re.MULTILINE).rstrip("\n")
        cell.source = cell.source.replace("](../", "](../../")  # one folder deeper
    return notebook


def main() -> None:
    EDITION.mkdir(exist_ok=True)
    ZIP.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(ZIP, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(SOURCES.glob("*.ipynb")):
            target = EDITION / source.name
            nbformat.write(edition(source), target)
            archive.write(target, target.name)
            print(target)
    print(ZIP)


if __name__ == "__main__":
    main()
