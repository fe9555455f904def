"""What make colab finds. (It takes half an hour: it is no part of make test.)"""

import shutil
import subprocess
import sys

import colab
import pytest
from nbformat import v4, write


@pytest.fixture
def stored(tmp_path):
    """A notebook whose cells say what pip says, a number, a picture, and a time."""
    cells = [v4.new_code_cell("", execution_count=n + 1) for n in range(4)]
    for cell, text in zip(cells, ["pip", "0.31", "a picture", "3.1 s"], strict=True):
        cell.outputs = [v4.new_output("stream", text=text)]
    cells[2].outputs = [v4.new_output("display_data", {"text/html": '<img src="data:image/png;base64,One">'})]
    cells[3].metadata["tags"] = ["nbval-ignore-output"]
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# One"), *cells])
    write(notebook, tmp_path / "one.ipynb")
    return tmp_path / "one.ipynb", notebook


def test_what_may_differ_is_not_told(stored):
    path, notebook = stored
    for cell, text in ((1, "pip, again"), (4, "4.7 s")):
        notebook.cells[cell].outputs[0].text = text
    notebook.cells[3].outputs[0].data["text/html"] = '<img src="data:image/png;base64,Other">'
    assert colab.differing(path, notebook) == []


def test_another_number_is_told(stored):
    path, notebook = stored
    notebook.cells[2].outputs[0].text = "0.32"
    assert colab.differing(path, notebook) == [(2, ["0.31"], ["0.32"])]


@pytest.fixture
def machine(monkeypatch):
    """Colab's packages, before and after, without any."""
    packages = [{"numpy==2.1.3", "torch==2.15.0"}]
    monkeypatch.setattr(colab, "prepare", lambda: packages[0])
    monkeypatch.setattr(colab, "installed", lambda: packages[-1])
    return packages


def test_a_package_that_pip_has_moved_is_told(machine, capsys):
    machine.append({"numpy==2.1.3", "torch==2.15.0", "course_utils==0.1.0"})
    assert colab.main([])
    machine.append({"numpy==2.4.6", "torch==2.15.0", "course_utils==0.1.0"})
    assert not colab.main([])
    assert "CHANGED: numpy==2.1.3" in capsys.readouterr().out


def test_a_cell_that_raises_is_told_and_the_rest_goes_on(stored, machine, monkeypatch, capsys):
    path, notebook = stored

    def execute(path, specs, env):
        if path.name == "raises.ipynb":
            raise colab.CellExecutionError("Traceback", "NameError", "of x")
        return notebook

    monkeypatch.setattr(colab, "execute", execute)
    assert not colab.main([path.with_name("raises.ipynb"), path])
    told = capsys.readouterr().out
    assert "raises.ipynb: FAILED\nTraceback" in told
    assert "one.ipynb: ran, " in told


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git here")
def test_the_kernel_takes_itself_for_one_of_colabs(tmp_path):
    env = colab.surroundings(tmp_path)
    start = (tmp_path / "ipython" / "profile_default" / "startup" / "00-colab.py").read_text(encoding="utf-8")
    code = f"{start}\nfrom google.colab import output\noutput.enable_custom_widget_manager()"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    asked = ["git", "ls-remote", "--get-url", colab.repository()]  # what git makes of the address; it asks nobody
    answers = subprocess.run(asked, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout
    assert answers.strip() == colab.ROOT.as_uri()
