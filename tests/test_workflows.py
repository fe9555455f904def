"""What GitHub runs for a fork: the systems and Pythons that are promised, and commands that there are."""

import re

import pytest
import yaml
from conftest import ROOT
from test_repository import PROJECT

WORKFLOWS = {path.stem: path for path in (ROOT / ".github" / "workflows").glob("*.yml")}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYTHONS = [line.removeprefix("Programming Language :: Python :: ") for line in PROJECT["classifiers"]]


def parsed(name):
    return yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))


def steps(name):
    return [step for job in parsed(name)["jobs"].values() for step in job["steps"]]


def test_all_systems_the_oldest_python_and_the_newest():
    matrix = parsed("tests")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == [PYTHONS[0], PYTHONS[-1]]
    assert matrix["system"] == ["ubuntu-latest", "macos-latest", "windows-latest"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_pythons_are_texts_and_known(name):
    """As a number, 3.10 would be 3.1."""
    wanted = [step["with"]["python-version"] for step in steps(name) if "python-version" in step.get("with", {})]
    assert wanted
    assert set(wanted) <= {"${{ matrix.python }}", *PYTHONS}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_they_make_there_is(name):
    targets = set(re.findall(r"^(\w+):", MAKEFILE, flags=re.M))
    asked = {target for step in steps(name) for target in re.findall(r"\bmake (\w+)", step.get("run", ""))}
    assert asked
    assert asked <= targets


def test_windows_does_what_the_readme_says():
    """The tests without make: on Windows, each line of the workflow is one of the README's."""
    (step,) = [step for step in steps("tests") if "Windows" in step.get("if", "") and "==" in step["if"]]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    said = [line.partition("#")[0].strip() for line in readme.splitlines()]
    lines = step["run"].splitlines()
    assert "\n".join(lines) in "\n".join(said)
    # and what make test does: its installation, then its recipe
    recipe = re.findall(r"^\t\$\(BIN\)/((?:ruff|pytest).*)$", MAKEFILE, flags=re.M)
    assert lines[0] == 'pip install -e ".[test]"'
    assert set(lines[1:]) == {line for line in recipe if "tests/" not in line}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_fork_gives_them_no_more_rights_than_they_need(name):
    workflow = parsed(name)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    rights = [right for job in workflow["jobs"].values() for right in job.get("permissions", {}).items()]
    writes = {name for name, degree in rights if degree != "read"}
    assert writes == ({"pages", "id-token"} if name == "pages" else set())
    assert "concurrency" in workflow
    for step in steps(name):
        assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/none@v0"))  # GitHub's own alone
