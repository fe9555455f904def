"""A pack for a room without network: what is in it, and that it installs there."""

import os
import shutil
import subprocess
import sys
import zipfile

from course_utils import data, offline

import pytest
from conftest import ROOT
from test_data import folder as mnist_folder  # noqa: F401 -- a fixture
from test_data import pictures as write_pictures
from test_repository import make

# A course that is built in no time, and needs "tool" for it.
PYPROJECT = """
[build-system]
requires = ["tool"]
build-backend = "backend"
backend-path = ["."]
[project]
name = "course_utils"
version = "0.1.0"
dependencies = ["base"]
[project.optional-dependencies]
test = ["here; sys_platform != 'win32'", "there; sys_platform == 'win32'"]
"""
BACKEND = '''
import pathlib, sys, zipfile
import tool

def build_wheel(folder, settings=None, metadata=None):
    info = "course_utils-0.1.0.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder, "course_utils-0.1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("course.pth", "")
        wheel.writestr(f"{info}/METADATA", """Metadata-Version: 2.1
Name: course_utils
Version: 0.1.0
Provides-Extra: test
Requires-Dist: base
Requires-Dist: here; extra == "test" and sys_platform != "win32"
Requires-Dist: there; extra == "test" and sys_platform == "win32"
""")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return "course_utils-0.1.0-py3-none-any.whl"

build_editable = build_wheel
'''


def wheel(folder, name, tag="py3-none-any"):
    """A package with one empty module."""
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Where pip and uv get their wheels in these tests: a folder, and no network."""
    shop = tmp_path / "shop"
    shop.mkdir()
    for name in ("tool", "base", "here"):
        wheel(shop, name)
    wheel(shop, "there", "cp312-cp312-win_amd64")
    wheel(shop, "unneeded")
    (tmp_path / "uv.toml").write_text(f"no-index = true\nfind-links = ['{shop.as_posix()}']\n", encoding="utf-8")
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shop))
    return shop


@pytest.fixture
def clone(tmp_path):
    """A small course under git, in a folder with a space in its name."""
    if not shutil.which("git"):
        pytest.skip("only git knows which files are the course's")
    clone = tmp_path / "my clone"
    (clone / "notebooks").mkdir(parents=True)
    for name, text in {"pyproject.toml": PYPROJECT, "backend.py": BACKEND, "notebooks/é.py": "1\n"}.items():
        (clone / name).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "Makefile", clone)
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=clone, check=True)
    (clone / "mine.txt").write_text("not the course's\n", encoding="utf-8")
    return clone


def unpacked(archive, folder):
    folder.mkdir()
    subprocess.run(["tar", "xf", str(archive)], cwd=folder, check=True)  # as the README says
    (course,) = folder.iterdir()
    return course


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_pack_installs_itself_without_network(clone, shop, tmp_path, monkeypatch):
    archive = offline.pack(clone)
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]
    course = unpacked(archive, tmp_path / "a room")
    wheels = {f"wheels/{name}-1.0-py3-none-any.whl" for name in ("tool", "base", "here")}
    assert files(course) == wheels | {"Makefile", "pyproject.toml", "backend.py", "notebooks/é.py"}

    shutil.rmtree(shop)
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    done = make(".venv/test.installed", f"PYTHON={sys.executable}", cwd=course)
    assert done.returncode == 0, done.stderr
    subprocess.run([course / ".venv/bin/python", "-c", "import base, here"], check=True)


def test_another_platform_gets_what_it_needs_and_no_more(clone, shop, tmp_path):
    archive = offline.pack(clone, ["windows"], ["3.12"])
    names = {path.name for path in (unpacked(archive, tmp_path / "room") / "wheels").iterdir()}
    assert names == {"tool-1.0-py3-none-any.whl", "base-1.0-py3-none-any.whl", "there-1.0-cp312-cp312-win_amd64.whl"}


def test_what_cannot_be_had_leaves_the_last_pack(clone, shop, capfd):
    archive = offline.pack(clone)
    before = archive.read_bytes()
    (shop / "base-1.0-py3-none-any.whl").unlink()
    for platforms in ((), ("windows",)):
        with pytest.raises(RuntimeError, match="failed; its own words are above"):
            offline.pack(clone, platforms)
        assert "base" in capfd.readouterr().err
    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


@pytest.mark.parametrize(
    ("platforms", "pythons", "sets", "message"),
    [
        ((), (), ["mnits"], "data: there is no data set 'mnits'; did you mean 'mnist'?"),
        (["windwos"], (), (), "platforms: there is no 'windwos'; did you mean 'windows'?"),
        (["win_amd64"], (), (), r"platforms: there is no 'win_amd64'; .*Known: linux, macos, windows"),
        ((), ["312"], (), r"pythons must be versions such as 3\.12, got '312'"),
    ],
)
def test_a_wrong_name_is_refused_before_anything_is_done(tmp_path, platforms, pythons, sets, message):
    with pytest.raises(ValueError, match=message):
        offline.pack(tmp_path, platforms, pythons, sets)  # no clone: that would be told next
    assert not list(tmp_path.iterdir())


def test_only_a_clone_can_be_packed(tmp_path):
    with pytest.raises(OSError, match="is no clone of the repository"):
        offline.pack(tmp_path)
    done = subprocess.run([sys.executable, "-m", offline.__name__], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path} is no clone of the repository")  # a sentence, no traceback


def test_data_sets_come_along_and_are_found(mnist_folder, tmp_path, monkeypatch, no_network):  # noqa: F811
    monkeypatch.setenv("COURSE_DATA", str(mnist_folder))
    (mnist_folder / "MNIST/raw/train-images-idx3-ubyte.gz").write_text("as large again", encoding="utf-8")
    packed = tmp_path / "packed"
    for name in ("mnist", "mnist-5k"):
        offline.copy_data(name, packed)
    assert len(files(packed)) == 4
    assert data.load("mnist", root=packed).y_train.tolist() == [0, 1, 2]
    with pytest.raises(OSError, match="fashion-mnist is not whole in"):
        offline.copy_data("fashion-mnist", packed)


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_cifar10_as_pictures_comes_along(tmp_path, monkeypatch, no_network, form):
    source = tmp_path / "source"
    write_pictures(source)
    (source / "other.txt").write_text("not a picture", encoding="utf-8")
    if form == "archive":
        shutil.make_archive(str(tmp_path / "cifar"), "zip", source)
        source = tmp_path / "cifar.zip"
    monkeypatch.setenv("COURSE_DATA", str(source))
    offline.copy_data("cifar10", tmp_path / "packed")
    assert data.load("cifar10", root=tmp_path / "packed").classes == ("cat", "dog")
    assert len(files(tmp_path / "packed")) == (6 if form == "folder" else 1)


@pytest.mark.parametrize("own", [None, "elsewhere"])
def test_make_sees_the_data_beside_it_unless_another_folder_is_named(tmp_path, monkeypatch, own):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "Makefile").open("a", encoding="utf-8").write('\nshow:\n\t@echo "data: $$COURSE_DATA"\n')
    monkeypatch.delenv("COURSE_DATA")
    if own:
        monkeypatch.setenv("COURSE_DATA", own)
    assert make("show", cwd=tmp_path).stdout == f"data: {own or ''}\n"
    (tmp_path / "data").mkdir()
    assert make("show", cwd=tmp_path).stdout == f"data: {own or tmp_path / 'data'}\n"


@pytest.mark.parametrize("wheels", [False, True])
def test_pip_asks_the_network_unless_there_are_wheels(tmp_path, wheels):
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    if wheels:
        (tmp_path / "wheels").mkdir()
    told = make("-n", f"PYTHON={sys.executable}", ".venv/lecturer.installed", cwd=tmp_path).stdout
    assert "pip install" in told
    assert ("--no-index --find-links wheels" in told) == wheels


def test_a_machine_that_is_none_of_the_platforms_must_name_them(tmp_path, monkeypatch):
    monkeypatch.setattr(offline, "machine", lambda: "riscv64")
    with pytest.raises(ValueError, match=r"pythons: on \w+ riscv64, this machine's own is all there is"):
        offline.pack(tmp_path, pythons=["3.12"])
