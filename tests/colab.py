"""Every notebook, executed as on Google Colab: ``make colab``, or ``python tests/colab.py notebooks/01*.ipynb``.

A virtual environment with Colab's versions (colab.txt) stands in for its machine, a few lines for ``google.colab``, and
the last commit here for GitHub. Each notebook lies alone in a folder. The first cell of the first one installs the
course. What the others print is compared with what is stored. Ends with 1 if anything is not as it should be.
"""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from course_utils.address import repository

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

ROOT = Path(__file__).parent.parent
PINS = Path(__file__).with_name("colab.txt")
COLAB = ROOT / "build" / "colab"
PYTHON = COLAB / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# What Colab's kernels have loaded before the first cell; anywidget asks for its own manager of widgets.
AT_THE_START = """
import sys, types
colab = types.ModuleType("google.colab")
colab.output = types.SimpleNamespace(enable_custom_widget_manager=lambda: None)
sys.modules |= {"google": types.ModuleType("google"), "google.colab": colab}
"""


def pip(*arguments: str) -> str:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def installed() -> set[str]:
    """name==version of each package that Colab's stand-in has."""
    return set(pip("list", "--format=freeze").splitlines())


def prepare() -> set[str]:
    """Colab as it comes, made where it is missing or colab.txt has changed. Returns its packages."""
    came, pins = COLAB / "came.txt", COLAB / "colab.txt"
    if not (came.exists() and pins.exists() and pins.read_bytes() == PINS.read_bytes()):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(COLAB)], check=True)
        pip("install", "-q", "-r", str(PINS))
        came.write_text("\n".join(sorted(installed())), encoding="utf-8")
        shutil.copy(PINS, pins)
    before = set(came.read_text(encoding="utf-8").split())
    added = {line.partition("==")[0] for line in installed() - before}
    if added:  # or moved, by an earlier call
        pip("uninstall", "-q", "-y", *sorted(added))
    if moved := before - installed():
        pip("install", "-q", "--no-deps", *sorted(moved))
    return before


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of the kernels. What is asked of GitHub, git answers from here; no data set is at hand."""
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-colab.py").write_text(AT_THE_START, encoding="utf-8")
    config = folder / "gitconfig"
    config.write_text(f'[url "{ROOT.as_uri()}"]\n\tinsteadOf = "{repository()}"\n', encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return kept | {
        "GIT_CONFIG_GLOBAL": str(config),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # or it warns at each start
        "COURSE_DATA": str(folder / "no-data"),
        "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}",
    }


def kernels(folder: Path) -> KernelSpecManager:
    """What starts a kernel of Colab's stand-in."""
    (folder / "colab").mkdir()
    start = [str(PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": start, "display_name": "Colab", "language": "python"}
    (folder / "colab" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)


def execute(path: Path, specs: KernelSpecManager, env: dict[str, str]) -> NotebookNode:
    """The notebook of ``path``, executed in a folder of its own. Raises nbclient's CellExecutionError."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, folder)
        manager = AsyncKernelManager(kernel_name="colab", kernel_spec_manager=specs)
        client = NotebookClient(notebook, km=manager, timeout=900, coalesce_streams=True)
        client.execute(cleanup_kc=True, env=env, cwd=folder)
    return notebook


def words(cell: NotebookNode) -> list[str]:
    """What a cell has printed or shown, without what nbval takes out, too."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "tests" / "nbval.cfg", encoding="utf-8")
    found = []
    for output in cell.outputs:
        data = output.get("data", {})
        found += [output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")]
    for rule in config.values():
        if "regex" in rule:
            found = [re.sub(rule["regex"], rule["replace"], text, flags=re.DOTALL) for text in found]
    return [text for text in found if text]


def differing(path: Path, notebook: NotebookNode) -> list[tuple[int, list[str], list[str]]]:
    """The cells, by number, that say something else than is stored, with both. The first one installs."""
    stored = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    now = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    for number, (old, new) in enumerate(zip(stored, now, strict=True)):
        ignored = "nbval-ignore-output" in old.metadata.get("tags", [])
        if number and old.execution_count and not ignored and words(old) != words(new):
            found.append((number + 1, words(old), words(new)))
    return found


def main(paths: list[Path]) -> bool:
    """Whether each notebook ran and said what is stored, and Colab's own packages are what they were."""
    before, fine = prepare(), True
    with tempfile.TemporaryDirectory() as folder:
        env, specs = surroundings(Path(folder)), kernels(Path(folder))
        for path in paths:
            begin = time.perf_counter()
            try:
                found = differing(path, execute(path, specs, env))
            except CellExecutionError as error:
                fine, found, told = False, [], f"FAILED\n{error}"
            else:
                fine, told = fine and not found, "ran" if not found else "ran, but"
            print(f"{path}: {told}, {time.perf_counter() - begin:.0f} s", flush=True)
            for number, old, new in found:
                print(f"  code cell {number} says\n    {new}\n  where this is stored\n    {old}", flush=True)
    after = installed()
    print(f"Added to Colab's packages: {', '.join(sorted(after - before))}")
    if before - after:
        print(f"CHANGED: {', '.join(sorted(before - after))}")
    return fine and not before - after


if __name__ == "__main__":
    sys.exit(not main([Path(name) for name in sys.argv[1:]]))
