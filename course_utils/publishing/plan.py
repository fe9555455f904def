"""How long each lecture takes: ``python -m course_utils.publishing.plan`` (``make plan``) writes it into the index.

An estimate from the slides and the presenter's notes: WORDS_A_MINUTE for what is read, a minute for each question that
the room thinks about, and a minute for each explorer that is played with.
"""

import re

from course_utils.drafts import replacing
from course_utils.publishing.site import NOTEBOOKS, heading, lectures, read, title
from course_utils.publishing.slides import Slide, sections

WORDS_A_MINUTE = 130
HOME = re.compile(r"\*\([^)]*\bhome\b[^)]*\)\*")  # what a part says that can be left out: *(For home.)*
MARKS = (15, 30, 45)
BEGIN, END = "# <!-- made by make plan -->", "# <!-- end -->"


def minutes(slide: Slide) -> float:
    """How long a slide takes."""
    prose = " ".join(cell.source for cell in [*slide.cells, *slide.notes] if cell.cell_type == "markdown")
    shown = [output.get("data", {}) for cell in slide.cells for output in cell.get("outputs", [])]
    explorers = sum("data-downhill" in data.get("text/html", "") for data in shown)
    return len(prose.split()) / WORDS_A_MINUTE + explorers + ("**Predict" in prose)


def plan() -> str:
    """The table: of each lecture the slides, the minutes with and without what is for home, and where it is when.

    What is for home begins with a slide that says so, and ends with the next heading.
    """
    rows = [
        "| lecture | slides | minutes | without what is for home |" + "".join(f" at {mark} min |" for mark in MARKS),
        "| --- | --- | --- | --- |" + " --- |" * len(MARKS),
    ]
    for path in lectures():
        notebook = read(path)
        slides = [slide for section in sections(notebook) for slide in section]
        whole, short, home, begins = 0.0, 0.0, False, []
        for slide in slides:
            says_so = any(HOME.search(cell.source) for cell in [*slide.cells, *slide.notes])
            home = says_so or (home and not heading(slide.cells[0]))
            if not home:
                begins.append((short, slide.section))
                short += minutes(slide)
            whole += minutes(slide)
        reached = [max(begin for begin in begins if begin[0] <= mark)[1] if mark < short else "" for mark in MARKS]
        cells = [title(notebook), str(len(slides)), f"{whole:.0f}", f"{short:.0f}", *reached]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    index = NOTEBOOKS / "index.py"
    before, rest = index.read_text(encoding="utf-8").split(BEGIN)
    table = "\n".join(f"# {row}" for row in plan().splitlines())
    with replacing(index) as draft:
        draft.write_text(f"{before}{BEGIN}\n#\n{table}\n#\n{END}{rest.split(END)[1]}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
