"""The repository's address, which is written in one place: pyproject.toml, under [project.urls].

``python -m course_utils.address https://github.com/me/my-course`` (``make address REPOSITORY=...``) writes a fork's
address there and brings everything that names it into line: the links to Colab, the cells that install the course
there, the README. Without an address, it takes that of pyproject.toml.
"""

import argparse
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from course_utils.drafts import replacing

ROOT = Path(__file__).parent.parent
OWNER = r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}"
GITHUB = re.compile(rf"https://github\.com/({OWNER}/(?!\.\.?$)[\w.-]{{1,100}})", re.ASCII)
IN_COLAB = re.compile(r"https://colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)/blob/main/notebooks/")
# What may name the address. The package's own files do not: they ask repository().
NAMING = ("*.md", "*.toml", "*.yml", "*.cff", ".github/**/*.yml", "notebooks/**/*.py", "notebooks/**/*.ipynb")


def repository(root: Path = ROOT) -> str:
    """The address that pyproject.toml in ``root`` gives. Raises ValueError if it is none on GitHub."""
    with (root / "pyproject.toml").open("rb") as file:
        address = tomllib.load(file)["project"]["urls"]["Repository"]
    return checked("Repository in pyproject.toml", address)


def checked(name: str, address: str) -> str:
    """``address`` as people clone it, without a slash or .git at its end. Raises ValueError for what is none."""
    address = address.removesuffix("/").removesuffix(".git")
    if not GITHUB.fullmatch(address):
        allowed = "https://github.com/OWNER/REPOSITORY (Colab opens notebooks from GitHub only)"
        raise ValueError(f"{name} must be {allowed}, got {address!r}.")
    return address


def rewrite(address: str | None = None, root: Path = ROOT) -> list[Path]:
    """Write ``address`` (default: that of pyproject.toml) wherever ``root`` names the repository.

    Returns the files that were changed. Raises ValueError for what is no address on GitHub, before any is touched.
    """
    former = repository(root)
    address = former if address is None else checked("REPOSITORY", address)
    files = {
        path: path.read_bytes().decode("utf-8")  # with its own line ends
        for pattern in NAMING
        for path in sorted(root.glob(pattern))
        if ".ipynb_checkpoints" not in path.parts
    }
    # A fork that has merged what came later names two addresses, so each link to Colab is asked.
    old = {GITHUB.fullmatch(former)[1], *(path for text in files.values() for path in IN_COLAB.findall(text))}
    changed = []
    for file, text in files.items():
        new = moved(text, old, GITHUB.fullmatch(address)[1])
        if new != text:
            with replacing(file) as draft:
                draft.write_bytes(new.encode("utf-8"))
            changed.append(file)
    return changed


def moved(text: str, old: Iterable[str], new: str) -> str:
    """``text`` with ``new``, an OWNER/NAME, for each ``old`` one; likewise its pages, OWNER.github.io/NAME."""
    for path in old:
        for was, becomes in ((path, new), (path.replace("/", ".github.io/"), new.replace("/", ".github.io/"))):
            text = re.sub(rf"(?<![\w.-]){re.escape(was)}(?!-|\w|\.(?!git\b)\w)", becomes, text)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the repository's address wherever it is named.")
    parser.add_argument("REPOSITORY", nargs="?", help="https://github.com/me/my-course; default: pyproject.toml's")
    try:
        changed = rewrite(parser.parse_args().REPOSITORY)
    except ValueError as error:
        parser.error(str(error))
    print(f"{repository()}: {len(changed)} files changed.")


if __name__ == "__main__":
    main()
