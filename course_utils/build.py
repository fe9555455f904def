"""Makes the executed .ipynb of each pair from its .py: ``python -m course_utils.build notebooks/01*.py``.

What changes from run to run without meaning is left out (ids of live widgets, times, the kernel's version), and a
lecture finds no data sets but the digits that come with the course: building an unchanged notebook again gives the same
bytes, but for figures of measured times.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from course_utils.plotting import VIEW

import jupytext.cli
import nbformat
from nbclient import NotebookClient
from tqdm import tqdm


def build(source: Path) -> Path:
    """Execute the notebook of ``source`` (a .py in jupytext's percent format), write its .ipynb and return its path.

    The ids of the cells that were there before stay. If a cell raises, the .ipynb stays as it was, and nbclient's
    CellExecutionError, with the cell's traceback, is the caller's. Raises ValueError for what is no .py.
    """
    if source.suffix != ".py" or not source.is_file():
        raise ValueError(f"source must be the .py of a notebook, got {str(source)!r}.")
    target = source.with_suffix(".ipynb")
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, target.name)
        if target.exists():
            shutil.copy(target, draft)
        jupytext.cli.jupytext(["--quiet", "--to", "ipynb", "--update", "--output", str(draft), str(source)])
        notebook = nbformat.read(draft, as_version=4)
    where = {"metadata": {"path": str(source.parent)}}
    with tempfile.TemporaryDirectory() as no_data:
        client = NotebookClient(notebook, timeout=600, record_timing=False, coalesce_streams=True, resources=where)
        client.execute(env={**os.environ, "COURSE_DATA": no_data})
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("language_info", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(VIEW, None)
    nbformat.write(notebook, target)
    return target


if __name__ == "__main__":
    for name in (bar := tqdm(sys.argv[1:])):
        bar.set_description(name)
        build(Path(name))
