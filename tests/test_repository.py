"""What the README, the Makefile and the lists of packages promise."""

import asyncio
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from unittest.mock import AsyncMock, Mock

import pytest
import yaml
from conftest import ROOT
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


def test_conda_and_pip_ask_for_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    conda = {line for line in environment if isinstance(line, str) and not line.startswith("python=")} - {"pip"}
    wanted = set()
    for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lecturer"]:
        name, version = re.fullmatch(r"([\w-]+)(>=[\d.]+)", line).groups()  # lower bounds only
        wanted.add(CONDA_NAMES.get(name, name) + version)
    assert conda == wanted
    assert {"pip": ["-e ."]} in environment  # Binder installs only what is listed


def test_binder_takes_the_environment_and_a_python_that_will_do():
    """Binder's builder, repo2docker, reads "python=3.x" alone, first of all lines that begin with python; anything else
    gets its default, now 3.10. Where there is a Dockerfile or a folder of its own, it does not look at the file."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    line = next(line for line in environment["dependencies"] if line.startswith("python"))
    assert re.fullmatch(r"python=3\.\d+", line)
    assert f"Programming Language :: Python :: {line.removeprefix('python=')}" in PROJECT["classifiers"]
    assert environment.keys() == {"name", "channels", "dependencies"}  # a prefix would be a folder of somebody's own
    assert not [name for name in ("Dockerfile", "binder", ".binder") if (ROOT / name).exists()]


def test_the_pythons_that_are_named_are_those_that_are_required():
    versions = [line.removeprefix("Programming Language :: Python :: ") for line in PROJECT["classifiers"]]
    minors = [int(version.removeprefix("3.")) for version in versions]
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"
    assert minors == list(range(minors[0], minors[-1] + 1))


def test_colab_keeps_its_own_versions():
    lowest = dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", line).groups() for line in PROJECT["dependencies"])
    pins = dict(re.findall(r"^([\w-]+)==([\d.]+?)(?:\.\*)?$", (ROOT / "tests" / "colab.txt").read_text("utf-8"), re.M))
    assert set(lowest) - set(pins) == {"torch", "torchvision"}  # nothing is left for pip to choose
    for name in set(lowest) & set(pins):
        assert [int(n) for n in lowest[name].split(".")] <= [int(n) for n in pins[name].split(".")], name


def test_importing_the_package_alone_loads_no_torch():
    code = "import course_utils, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_torchs_threads_wait_passively():
    """Or training is many times slower wherever two processes share the cores; torch must not be loaded before."""
    code = "import course_utils, os; print(os.environ['OMP_WAIT_POLICY'])"
    env = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "PASSIVE"
    for lecture in (ROOT / "notebooks").glob("[0-9]*.py"):
        text = lecture.read_text(encoding="utf-8")
        assert text.index("from course_utils") < text.index("import torch")


def test_rules_import_torch_and_nothing_of_ours():
    code = "import course_utils.rules, sys; print([m for m in sys.modules if m.startswith('course_utils.')])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['course_utils.rules']"


def make(*arguments, cwd):
    if sys.platform == "win32":
        pytest.skip("the Makefile wants a shell; on Windows, the README says, one goes without")
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}  # no child of a make that runs the tests
    return subprocess.run(["make", *arguments], cwd=cwd, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(("display", "browser"), [("", False), (":0", True)])
def test_make_lab_opens_a_browser_where_there_is_a_display(display, browser):
    command = make("-n", "lab", f"DISPLAY={display}", "WAYLAND_DISPLAY=", cwd=ROOT).stdout
    assert "cd notebooks" in command
    assert "default_url=/lab/tree/index.ipynb" in command
    if sys.platform != "darwin":
        assert ("--no-browser" not in command) is browser


def test_make_lab_sends_the_kernels_answers_at_once(monkeypatch):
    option = re.search(r"kernel_websocket_connection_class=(\S+)", make("-n", "lab", cwd=ROOT).stdout)[1]
    kind = pkgutil.resolve_name(option)
    connected = AsyncMock()
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", connected)
    handler = Mock(spec=KernelWebsocketHandler)
    asyncio.run(kind(websocket_handler=handler).connect())
    handler.set_nodelay.assert_called_once_with(True)
    connected.assert_awaited_once()


@pytest.mark.parametrize("version", [(3, 9), (3, 10)])
def test_a_python_that_is_too_old_gets_one_sentence(tmp_path, version):
    """A python that claims to be old; make is run in a copy, where there is no .venv yet."""
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    old = tmp_path / "python-old"
    claim = f"import sys; sys.version_info = {(*version, 0)}; exec(sys.argv[1])"
    old.write_text(f"""#!/bin/sh\nexec '{sys.executable}' -c "{claim}" "$2"\n""", encoding="utf-8")
    old.chmod(0o755)
    done = make("test", f"PYTHON={old}", cwd=tmp_path)
    assert done.returncode != 0
    sentence = f"This course needs Python 3.11 or newer, and {old} is {version[0]}.{version[1]}"
    assert done.stderr.startswith(sentence)
    assert not (tmp_path / ".venv").exists()


def test_no_python_at_all_gets_one_sentence(tmp_path):
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    done = make("lab", "PYTHON=nopython", cwd=tmp_path)
    assert done.returncode != 0
    assert done.stderr.startswith("This course needs Python 3.11 or newer, and there is no 'nopython' here")


def test_the_citation_is_the_same_everywhere():
    """CITATION.cff was valid by cffconvert; what can change is held together here."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (cited["title"], cited["version"]) == (PROJECT["description"], PROJECT["version"])
    assert cited["license"] == PROJECT["license"]
    assert {cited["url"], cited["repository-code"]} == {PROJECT["urls"]["Repository"]}
    authors = " and ".join(author["name"] for author in cited["authors"])
    released = cited["date-released"]
    assert f"(c) {released:%Y} {authors}\n" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").replace("\n> ", " ").split())
    assert f"{authors}. *{cited['title']}.* {released:%Y}. {cited['url']}" in readme
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\](.*)$", changes, flags=re.M)
    assert headings[:2] == [("Unreleased", ""), (cited["version"], f" - {released:%Y-%m-%d}")]


def test_macs_own_make_understands_the_makefile():
    """It is GNU make 3.81, of 2006."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    words = r"\.ONESHELL|\.RECIPEPREFIX|\$\((file|let|intcmp|guile) |^(undefine|private) "
    signs = r"^\w+ *(!=|::=|:::=)|^define \w+ *[:?+]?="
    assert re.findall(f"{words}|{signs}", text, flags=re.M) == []


def test_the_readme_is_true():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)
    commands = re.findall(r"\bmake (\w+)", text)
    assert {"lab", "test"} <= set(commands) <= set(targets)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        assert target.startswith("https://") or (ROOT / target).exists(), target
    for path in re.findall(r"`((?:course_utils|notebooks|tests)/[\w./]*)`", text):
        assert (ROOT / path).exists(), path
    for module in set(re.findall(r"`(\w+\.py)`", text)) - {"NN_topic.py"}:
        assert list((ROOT / "course_utils").rglob(module)), module
    modules = {path.name for path in (ROOT / "course_utils").glob("*.py")} - {"__init__.py"}
    assert modules <= set(re.findall(r"(\w+\.py)`", text))
