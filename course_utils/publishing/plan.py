"""How long each lecture takes: ``python -m course_utils.publishing.plan`` (``make plan``) writes it into the index.

An estimate from the slides and the presenter's notes: WORDS_A_MINUTE for what is read, a minute for each question that
the room thinks about, and a minute for each explorer that is played with.
"""

from course_utils.drafts import replacing
from course_utils.publishing.site import NOTEBOOKS, lectures, read, title
from course_utils.publishing.slides import Slide, sections

WORDS_A_MINUTE = 130
OPTIONAL = "Short of time?"  # what the first cell of a section says that can be left out
MARKS = (15, 30, 45)
BEGIN, END = "# <!-- made by make plan -->", "# <!-- end -->"


def minutes(slide: Slide) -> float:
    """How long a slide takes."""
    prose = " ".join(cell.source for cell in [*slide.cells, *slide.notes] if cell.cell_type == "markdown")
    shown = [output.get("data", {}) for cell in slide.cells for output in cell.get("outputs", [])]
    explorers = sum("data-downhill" in data.get("text/html", "") for data in shown)
    return len(prose.split()) / WORDS_A_MINUTE + explorers + ("**Predict" in prose)


def plan() -> str:
    """The table: of each lecture the slides, the minutes, where it is after 15, 30 and 45, and what can be left out."""
    rows = [
        "| lecture | slides | minutes | " + " | ".join(f"at {mark} min" for mark in MARKS) + " | can be left out |",
        "| --- | --- | --- |" + " --- |" * (len(MARKS) + 1),
    ]
    for path in lectures():
        notebook = read(path)
        deck, at, begins, optional = sections(notebook), 0.0, [], []
        for section in deck:
            name = section[0].section
            begins.append((at, name))
            length = sum(map(minutes, section))
            at += length
            if any(OPTIONAL in cell.source for slide in section for cell in [*slide.cells, *slide.notes]):
                optional.append(f"{name} ({length:.0f})")
        reached = [max(begin for begin in begins if begin[0] <= mark)[1] if mark < at else "" for mark in MARKS]
        cells = [title(notebook), str(sum(map(len, deck))), f"{at:.0f}", *reached, ", ".join(optional)]
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
