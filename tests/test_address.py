"""The repository's address: the same everywhere, and written anew for a fork by one command."""

import re
import shutil
import subprocess
import sys

from course_utils.address import GITHUB, NAMING, repository, rewrite
from course_utils.exercises import student

import jupytext
import nbformat
import pytest
from conftest import NOTEBOOKS, ROOT
from test_repository import make

FORK = "https://github.com/some-one/my.course_2"
HERE = GITHUB.fullmatch(repository())[1]  # OWNER/NAME
NAMED = re.compile(  # by what it is used for: other repositories may be mentioned, too
    r"(?:research\.google\.com/github/|git\+https://github\.com/|git clone https://github\.com/|mybinder\.org/v2/gh/)"
    r"([\w.-]+/[\w.-]*\w)"
)


@pytest.fixture
def copy(tmp_path):
    """What of the repository may name it, and the package."""
    for pattern in (*NAMING, "course_utils/**/*.py", "Makefile"):
        for path in ROOT.glob(pattern):
            if ".ipynb_checkpoints" not in path.parts:
                (tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, tmp_path / path.relative_to(ROOT))
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def cells(path):
    """All that running or rewriting the notebook from scratch would lose."""
    return [(c.get("id"), c.get("outputs"), c.get("execution_count")) for c in nbformat.read(path, as_version=4).cells]


def tracked():
    """The repository's files; without git, as in an unpacked archive, those that may name it."""
    listed = ""
    if shutil.which("git"):
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    files = [ROOT / name for name in listed.splitlines()] or [path for pattern in NAMING for path in ROOT.glob(pattern)]
    return {path: path.read_bytes().decode("utf-8", "ignore") for path in files if path.exists()}


def test_everything_that_names_the_repository_agrees():
    found = {path: set(NAMED.findall(text)) for path, text in tracked().items()}
    assert {path: named for path, named in found.items() if named - {HERE}} == {}
    assert sum(map(bool, found.values())) > 3 * 11


def test_nothing_names_it_that_is_not_rewritten():
    rewritten = {path for pattern in NAMING for path in ROOT.glob(pattern)}
    assert [path for path, text in tracked().items() if HERE in text and path not in rewritten] == []


def test_a_fork_names_itself_everywhere(copy):
    before = {path.name: cells(copy / path.relative_to(ROOT)) for path in NOTEBOOKS if path.parent.name == "notebooks"}
    changed = rewrite(FORK, copy)
    assert {copy / "pyproject.toml", copy / "README.md", copy / "notebooks" / "index.py"} <= set(changed)
    assert repository(copy) == FORK
    fork = FORK.removeprefix("https://github.com/")
    for path, text in contents(copy).items():
        assert HERE not in text.decode("utf-8"), path
        assert set(NAMED.findall(text.decode("utf-8"))) <= {fork}, path
    assert {name: cells(copy / "notebooks" / name) for name in before} == before
    left = contents(copy)
    assert rewrite(None, copy) == rewrite(FORK, copy) == []
    assert contents(copy) == left


def test_pairs_and_the_students_edition_stay_in_sync(copy):
    """As they were: a pair that was not in sync is what test_notebooks tells of."""
    config = jupytext.config.load_jupytext_config(str(ROOT))

    def sources(folder):
        texts = {}
        for path in sorted(folder.glob("notebooks/**/[0-9]*.ipynb")):
            notebook = student.edition(path) if path.parent.name == "exercises" else jupytext.read(path)
            texts[path.relative_to(folder)] = jupytext.writes(notebook, fmt="py:percent", config=config)
        for path in sorted(folder.glob("notebooks/**/*.py")):
            texts[path.relative_to(folder)] = path.read_text(encoding="utf-8")
        return texts

    rewrite(FORK, copy)
    fork = FORK.removeprefix("https://github.com/")
    assert sources(copy) == {path: text.replace(HERE, fork) for path, text in sources(ROOT).items()}


def test_what_was_merged_from_elsewhere_is_brought_into_line(copy):
    """pyproject.toml already has the fork's address; a notebook that came later has not."""
    later = (copy / "notebooks" / "index.py").read_bytes()
    rewrite(FORK, copy)
    (copy / "notebooks" / "index.py").write_bytes(later)
    assert rewrite(None, copy) == [copy / "notebooks" / "index.py"]
    assert HERE.encode() not in (copy / "notebooks" / "index.py").read_bytes()


def test_other_repositories_and_line_ends_stay(copy):
    owner, name = HERE.split("/")
    others = f"github.com/{HERE}-more github.com/x-{HERE} github.com/{owner}/other {HERE}.js {name}"
    (copy / "NOTES.md").write_bytes(f"{others}\r\n{HERE}.git, {HERE}. {owner}.github.io/{name}/\r\n".encode())
    rewrite(FORK, copy)
    assert (copy / "NOTES.md").read_bytes() == (
        f"{others}\r\nsome-one/my.course_2.git, some-one/my.course_2. some-one.github.io/my.course_2/\r\n".encode()
    )


@pytest.mark.parametrize("given", [f"{FORK}.git", f"{FORK}/", FORK])
def test_an_address_as_the_browser_has_it(copy, given):
    rewrite(given, copy)
    assert repository(copy) == FORK


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "me/my-course",
        "http://github.com/me/my-course",
        "https://gitlab.com/me/my-course",
        "https://github.com/me",
        "https://github.com/me/..",
        "https://github.com/-me/my-course",
        "https://github.com/me/my-course/tree/main",
        "https://github.com/me/my course",
        "https://github.com/me/cours%C3%A9",
        "https://github.com/me/coursé",
        "https://github.com/me/my-course\n",
        'https://github.com/me/my-course"',
        "git@github.com:me/my-course.git",
    ],
)
def test_a_bad_address_is_refused_and_nothing_is_changed(copy, bad):
    before = contents(copy)
    with pytest.raises(ValueError, match=r"REPOSITORY must be https://github\.com/OWNER/REPOSITORY .*, got") as error:
        rewrite(bad, copy)
    assert repr(bad.removesuffix("/").removesuffix(".git")) in str(error.value)
    assert contents(copy) == before


def test_a_bad_address_in_pyproject_is_told(copy):
    pyproject = copy / "pyproject.toml"
    pyproject.write_text(pyproject.read_text(encoding="utf-8").replace(repository(), "nowhere"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"Repository in pyproject\.toml must be .*, got 'nowhere'"):
        rewrite(FORK, copy)


def test_the_command(copy):
    def address(*arguments):
        return make("address", f"PYTHON={sys.executable}", *arguments, cwd=copy)

    done = address(f"REPOSITORY={FORK}")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^{re.escape(FORK)}: [1-9]\d+ files changed\.$", done.stdout, flags=re.M)
    assert repository(copy) == FORK
    assert f"{FORK}: 0 files changed." in address().stdout
    refused = address("REPOSITORY=me/my-course")
    assert refused.returncode != 0
    assert "REPOSITORY must be https://github.com/OWNER/REPOSITORY" in refused.stderr
    assert "Traceback" not in refused.stderr
