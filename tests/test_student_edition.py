"""The students' edition: made from the sources, without anything that gives an answer away; nbgrader grades it."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from course_utils.exercises import student
from course_utils.exercises.verdicts import Verdict

import nbformat
import pytest
from conftest import ROOT
from nbgrader.api import Gradebook

SOURCES = sorted((ROOT / "notebooks" / "exercises").glob("*.ipynb"))
GRADED = ROOT / "notebooks" / "exercises" / "03_momentum.ipynb"  # by nbgrader, in these tests
MARKED = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1", re.DOTALL)


def secrets(source: Path) -> set[str]:
    """The lines within the marks, but for those that stand outside of them as well, and those that say nothing."""
    text = "\n".join(cell.source for cell in nbformat.read(source, as_version=4).cells)
    within = {line.strip() for _, lines in MARKED.findall(text) for line in lines.splitlines()}
    without = {line.strip() for line in MARKED.sub("", text).splitlines()}
    return {line for line in within - without if len(line) > 8 and line != "return loss"}


def leaks(source: Path, notebook: Path) -> list[str]:
    """What of the secrets of a source is in a file of the students' edition, in any cell, output or metadata."""
    text = notebook.read_text(encoding="utf-8").replace('\\"', '"')
    return [s for s in [*secrets(source), "BEGIN SOLUTION", "BEGIN HIDDEN", ".right("] if s in text]


each = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


@each
def test_the_edition_is_that_of_its_source(source):
    made = nbformat.writes(student.edition(source)) + "\n"
    assert (student.EDITION.name, (source.parent / "student" / source.name).read_text(encoding="utf-8")) == (
        "student",
        made,
    ), "make student"


@each
def test_nothing_gives_an_answer_away(source):
    assert secrets(source)
    assert leaks(source, source.parent / "student" / source.name) == []


@each
def test_a_planted_answer_is_found(source, tmp_path):
    for secret in secrets(source):
        planted = tmp_path / source.name
        notebook = nbformat.read(source.parent / "student" / source.name, as_version=4)
        notebook.cells[-1].source += f"\n{secret}"
        nbformat.write(notebook, planted)
        assert secret in leaks(source, planted)


@each
def test_a_planted_output_is_found(source, tmp_path):
    """The sources themselves, outputs and all, are what no student should get."""
    assert leaks(source, source)


@each
def test_nothing_has_been_run(source):
    for cell in nbformat.read(source.parent / "student" / source.name, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@each
def test_every_stub_gets_a_first_hint(source):
    """As it comes, the students' edition runs from end to end, and each check says what to do first."""
    names, checks = {}, 0
    for cell in nbformat.read(source.parent / "student" / source.name, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        if ".check(" in cell.source:
            checks += 1
            verdict = eval(cell.source, names)
            assert isinstance(verdict, Verdict)
            assert not verdict.passed
            assert verdict.misconception == "stub"
            assert "First hint: " in verdict.text
        else:
            exec(cell.source, names)
    assert checks >= 2


def test_the_zip_holds_them_all(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns("0*.ipynb", "1*.ipynb"))
    for source in SOURCES:
        shutil.copy(source, tmp_path / "notebooks" / "exercises")
    monkeypatch.chdir(tmp_path)
    student.main()
    with zipfile.ZipFile(tmp_path / "build" / "exercises.zip") as archive:
        assert sorted(archive.namelist()) == [source.name for source in SOURCES]
        for source in SOURCES:
            assert archive.read(source.name) == (tmp_path / student.EDITION / source.name).read_bytes()


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of nbgrader's, with the exercises of lecture 3 released, and handed in by two students."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "source" / "momentum").mkdir(parents=True)
    shutil.copy(GRADED, folder / "source" / "momentum")
    nbgrader(folder, "generate_assignment", "momentum", "--create")
    released = folder / "release" / "momentum" / GRADED.name
    for who in ("right", "wrong"):
        (folder / "submitted" / who / "momentum").mkdir(parents=True)
        shutil.copy(released, folder / "submitted" / who / "momentum")
    answers = {c.metadata.nbgrader.grade_id: c.source for c in nbformat.read(GRADED, 4).cells if solved(c)}
    write(folder / "submitted" / "right" / "momentum" / GRADED.name, answers)
    wrong = answers["momentum"].replace("x - lr * v", "x + lr * v")
    assert wrong != answers["momentum"]
    write(folder / "submitted" / "wrong" / "momentum" / GRADED.name, answers | {"momentum": wrong})
    nbgrader(folder, "autograde", "momentum")
    return folder


def nbgrader(folder: Path, *arguments: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # nbgrader calls alembic by its name
    command, env = [sys.executable, "-m", "nbgrader", *arguments], {**os.environ, "PATH": path}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def solved(cell) -> bool:
    return cell.metadata.get("nbgrader", {}).get("solution", False)


def write(path: Path, answers: dict[str, str]) -> None:
    """Put answers into the cells that want them."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if solved(cell):
            cell.source = answers[cell.metadata.nbgrader.grade_id]
    nbformat.write(notebook, path)


def scores(folder: Path, who: str) -> dict[str, float]:
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        notebook = gradebook.find_submission_notebook("03_momentum", "momentum", who)
        return {grade.cell.name: (grade.auto_score, grade.cell.max_score) for grade in notebook.grades}


def test_nbgrader_releases_nothing_secret(course):
    assert (
        leaks(SOURCES[[s.stem for s in SOURCES].index("03_momentum")], course / "release/momentum/03_momentum.ipynb")
        == []
    )


def test_nbgrader_gives_all_points_for_right_answers(course):
    found = scores(course, "right")
    assert len(found) >= 5
    assert all(score == most for score, most in found.values()), found


def test_nbgrader_takes_the_points_of_a_wrong_one(course):
    found = scores(course, "wrong")
    assert found.pop("momentum_graded")[0] == 0
    assert all(score == most for score, most in found.values()), found
