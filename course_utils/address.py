"""The repository's address, which is written in one place: pyproject.toml, under [project.urls].

``python -m course_utils.address https://github.com/me/my-course`` (``make address REPOSITORY=...``) writes a fork's
address there and brings everything that names it into line: the links to Colab, the cells that install the course
there, the README. Without an address, it takes that of pyproject.toml.
"""

import argparse
import re
import tomllib
from pathlib import Path

from course_utils.drafts import replacing

ROOT = Path(__file__).parent.parent
GITHUB = re.compile(
    r"https://github\.com/(?P<path>[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/(?!\.{1,2}$)[\w.-]{1,100})", re.ASCII
)
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
    # A fork that has merged what came after it names two, so each link to Colab is asked.
    named = {GITHUB.fullmatch(former)["path"], *(path for text in files.values() for path in IN_COLAB.findall(text))}
    changed = []
    for file, text in files.items():
        new = text
        for old in named:
            new = moved(new, old, GITHUB.fullmatch(address)["path"])
        if new != text:
            with replacing(file) as draft:
                draft.write_bytes(new.encode("utf-8"))
            changed.append(file)
    return changed


def moved(text: str, old: str, new: str) -> str:
    """``text`` with every OWNER/NAME of the ``old`` address, and its OWNER.github.io/NAME, as the ``new`` one has it."""
    pairs = [(old, new), *[tuple(path.replace("/", ".github.io/") for path in (old, new))]]
    for was, becomes in pairs:
        text = re.sub(rf"(?<![\w.-]){re.escape(was)}(?![\w-]|\.(?!git\b)\w)", becomes, text)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.address", description="Write the repository's address."
    )
    parser.add_argument(
        "REPOSITORY", nargs="?", help="such as https://github.com/me/my-course; default: pyproject.toml's"
    )
    try:
        changed = rewrite(parser.parse_args().REPOSITORY)
    except ValueError as error:
        parser.error(str(error))
    print(f"{repository()}: {len(changed)} files changed.")


if __name__ == "__main__":
    main()
