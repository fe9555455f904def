"""The pairs: in sync, executed, readable. (nbval runs their cells and compares the outputs.)"""

import json
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType, SimpleNamespace

from course_utils.address import repository
from course_utils.build import build
from course_utils.plotting import VIEW

import jupytext
import nbformat
import pytest
from conftest import NOTEBOOKS, ROOT
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

SOURCES = sorted([*ROOT.glob("notebooks/*.py"), *ROOT.glob("notebooks/exercises/*.py")])
LECTURES = [path for path in NOTEBOOKS if re.match(r"\d\d_", path.name) and path.parent.name == "notebooks"]


def in_sync(notebook: Path) -> bool:
    """Whether the .ipynb, turned into a .py, is the .py beside it."""
    config = jupytext.config.load_jupytext_config(str(ROOT))
    text = jupytext.writes(jupytext.read(notebook, config=config), fmt="py:percent", config=config)
    return text == notebook.with_suffix(".py").read_text(encoding="utf-8")


def unexecuted(notebook: Path) -> list[str]:
    """The code cells that were never run: nbval would compare nothing there."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [c.source for c in cells if c.cell_type == "code" and c.source.strip() and c.execution_count is None]


def outputs(notebook: Path) -> list:
    return [o for cell in nbformat.read(notebook, as_version=4).cells for o in cell.get("outputs", [])]


def test_there_are_notebooks_and_each_is_a_pair():
    assert LECTURES
    assert [path.with_suffix(".ipynb") for path in SOURCES] == NOTEBOOKS


each = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")


@each
def test_pair_is_in_sync(notebook):
    assert in_sync(notebook), f"{notebook.name} is not what its .py says: make notebooks"


@each
def test_every_cell_is_executed_in_order(notebook):
    assert not unexecuted(notebook)
    cells = nbformat.read(notebook, as_version=4).cells
    counts = [cell.execution_count for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))


@each
def test_outputs_hold_no_error_no_dead_widget_and_no_path_of_a_machine(notebook):
    for output in outputs(notebook):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.text
        assert VIEW not in output.get("data", {})
    assert "widgets" not in nbformat.read(notebook, as_version=4).metadata
    assert not re.search(r"(/home/|/root/|/tmp/|/Users/)\w", notebook.read_text(encoding="utf-8"))


class Pictures(HTMLParser):
    """The pictures in a piece of HTML: ``words`` of each ("" if it has none)."""

    def __init__(self, html: str):
        super().__init__()
        self.words = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag in ("img", "svg", "canvas"):
            named = dict(attrs)
            self.words.append(named.get("alt") or named.get("aria-label") or "")


def pictures(notebook: Path) -> list[str]:
    """The words of every picture in a notebook: in outputs of any kind, and in what is written."""
    found = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "markdown":
            found += re.findall(r"!\[([^\]]*)\]\(", cell.source) + Pictures(cell.source).words
        for output in cell.get("outputs", []):
            for kind, content in output.get("data", {}).items():
                if kind.startswith("image/"):
                    found.append(output.metadata.get(kind, {}).get("alt", ""))
                elif kind in ("text/html", "text/markdown"):
                    text = content if kind == "text/html" else re.sub(r"```.*?```", "", content, flags=re.DOTALL)
                    found += Pictures(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)).words
    return found


@each
def test_every_picture_has_words(notebook):
    for words in pictures(notebook):
        assert len(words.split()) >= 5, words
    for output in outputs(notebook):
        if "image/png" in output.get("data", {}):
            assert output.data["text/plain"] == output.metadata["image/png"]["alt"]


def test_every_picture_of_the_readme_has_words():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"!\[([^\]]*)\]\(", text) + Pictures(text).words
    assert found
    assert all(len(words.split()) >= 5 for words in found), found


@each
def test_notebook_is_small_and_its_cells_are_short(notebook):
    assert notebook.stat().st_size <= 3_100_000
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= 15, cell.source


@each
def test_links_lead_somewhere(notebook):
    text = "\n".join(c.source for c in nbformat.read(notebook, as_version=4).cells if c.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file = target.partition("#")[0]  # headings: test_coverage
        assert target.startswith("https://") or (notebook.parent / file).exists(), target


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_opens_in_colab_and_installs_the_course_there(source):
    """The link is under the title. The first code cell does its work on Colab only, once, and is no slide."""
    cells = jupytext.read(source).cells
    opened = source.with_suffix(".ipynb").relative_to(ROOT)
    if source.parent.name == "exercises":
        opened = opened.parent / "student" / opened.name
    title, empty, link = cells[0].source.splitlines()[:3]
    assert title.startswith("# ")
    assert not empty
    path = repository().removeprefix("https://github.com/")
    assert link == f"[Open in Colab](https://colab.research.google.com/github/{path}/blob/main/{opened.as_posix()})"
    first = next(cell for cell in cells if cell.cell_type == "code")
    assert first.metadata["slideshow"] == {"slide_type": "skip"}
    assert pips(first.source, colab=True, installed=False) == [("pip", f"install -q git+{repository()}")]
    assert pips(first.source, colab=True, installed=True) == []
    assert pips(first.source, colab=False, installed=False) == []


def pips(code: str, colab: bool, installed: bool) -> list[tuple[str, str]]:
    """The magics that the code calls, in a kernel on Colab or elsewhere, with the package or without."""
    called = []
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "google.colab", raising=False)
        if colab:
            patch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
        patch.setattr("importlib.util.find_spec", lambda name: name if installed else None)
        kernel = SimpleNamespace(run_line_magic=lambda *call: called.append(call))
        patch.setattr("IPython.get_ipython", lambda: kernel)
        exec(code, {})
    return called


@pytest.mark.parametrize("lecture", LECTURES, ids=lambda path: path.stem)
def test_a_lecture_is_in_the_index_and_has_what_a_lecture_has(lecture):
    assert f"({lecture.name})" in (ROOT / "notebooks" / "index.py").read_text(encoding="utf-8")
    text = lecture.with_suffix(".py").read_text(encoding="utf-8")
    for part in (
        "**Predict.**",
        "show_rule(",
        "torch.optim",
        "## What can go wrong",
        "## Summary",
        "## References",
    ):
        assert part in text, part
    assert re.search(r"^(explore|race|stability_map|look_ahead)\(", text, flags=re.M)
    assert text.count("**Predict") >= 2


# The checks above would be worth nothing if they could not fail.


@pytest.fixture
def copy(tmp_path):
    """A pair of its own, to be damaged."""
    for path in (LECTURES[0], LECTURES[0].with_suffix(".py")):
        shutil.copy(path, tmp_path)
    return tmp_path / LECTURES[0].name


def test_a_pair_out_of_sync_is_found(copy):
    assert in_sync(copy)
    source = copy.with_suffix(".py")
    source.write_text(source.read_text(encoding="utf-8").replace("# ## The rule", "# ## The law", 1), encoding="utf-8")
    assert not in_sync(copy)


PICTURE = '<img src="a.png">'


@pytest.mark.parametrize(
    "cell",
    [
        new_markdown_cell("![Losses](a.png)"),
        new_markdown_cell(PICTURE),
        new_code_cell(outputs=[new_output("display_data", {"image/svg+xml": "<svg></svg>"})]),
        new_code_cell(outputs=[new_output("display_data", {"text/html": f"<table><td>{PICTURE}</td></table>"})]),
        new_code_cell(outputs=[new_output("display_data", {"text/markdown": PICTURE})]),
    ],
)
def test_a_picture_without_words_is_found(tmp_path, cell):
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    (words,) = pictures(tmp_path / "a.ipynb")
    assert len(words.split()) < 5


def test_an_unexecuted_cell_is_found(copy):
    notebook = json.loads(copy.read_text(encoding="utf-8"))
    cell = next(c for c in notebook["cells"] if c["cell_type"] == "code")
    cell["execution_count"] = None
    copy.write_text(json.dumps(notebook), encoding="utf-8")
    assert len(unexecuted(copy)) == 1


def small(folder: Path, code: str) -> Path:
    source = folder / "small.py"
    header = LECTURES[0].with_suffix(".py").read_text(encoding="utf-8").partition("\n\n")[0]
    source.write_text(f"{header}\n\n# %%\n{code}\n", encoding="utf-8")
    return source


def test_build_executes_strips_and_is_repeatable(tmp_path):
    code = 'from course_utils.widgets import explore\n\nexplore("quadratic")'
    source = small(tmp_path, code)
    first = build(source).read_bytes()
    (cell,) = json.loads(first)["cells"]
    assert cell["execution_count"] == 1
    assert set(cell["outputs"][0]["data"]) == {"text/html", "image/png", "text/plain"}
    assert build(source).read_bytes() == first


def test_build_tells_of_a_cell_that_raises(tmp_path):
    with pytest.raises(CellExecutionError, match="no good"):
        build(small(tmp_path, 'raise RuntimeError("no good")'))


def test_build_takes_only_sources(tmp_path):
    with pytest.raises(ValueError, match=r"source must be the \.py of a notebook"):
        build(tmp_path / "missing.py")


@pytest.mark.parametrize("lecture", LECTURES, ids=lambda path: path.stem)
def test_answers_are_folded(lecture):
    """Under "Then look", folded, come the answers; in its own cell nothing would be folded."""
    cells = nbformat.read(lecture, as_version=4).cells
    folds = [cell for cell in cells if cell.cell_type == "markdown" and cell.source.startswith("#### Then look")]
    assert len(folds) >= 5
    for cell in folds:
        assert cell.source == "#### Then look"
        assert cell.metadata["jp-MarkdownHeadingCollapsed"] is True
