"""The pages and the slides, as a lecturer's browser meets them: without network, every slider moved."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from course_utils.publishing import pages, plan, site, slides

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import needs_chromium, open_browser
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Page

LECTURES = [path.stem for path in site.lectures()]
each = pytest.mark.parametrize("lecture", LECTURES)
STUDENTS = [f"exercises/student/{lecture}" for lecture in LECTURES]
IN_THE_DARK = ("index", LECTURES[0], STUDENTS[4])  # one of each kind of page


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The whole site."""
    folder = tmp_path_factory.mktemp("site")
    slides.write_slides(folder)
    pages.write_site(folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with open_browser(1280, 720, offline=True) as page:
        yield page


def show(page: Page, file: Path, scheme: str = "light") -> None:
    """Opens a page, with its formulas set."""
    page.problems.clear()
    page.emulate_media(color_scheme=scheme)
    page.goto(file.as_uri())
    if page.evaluate("localStorage.length"):  # a theme that was chosen before
        page.evaluate("localStorage.clear()")
        page.reload()
    page.evaluate("MathJax.startup.promise")
    page.wait_for_function("!document.querySelector('[data-downhill]:not(.downhill)')")
    page.wait_for_function("[...document.querySelectorAll('[data-downhill]')].every((e) => e.querySelector('canvas'))")


class Reader(HTMLParser):
    """What a page names: ids, links, those to the pages before and after, and what it loads."""

    def __init__(self, file: Path):
        super().__init__()
        self.ids, self.links, self.loads, self.turns = set(), [], [], {}
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get("id"))
        if tag == "a":
            self.links.append(attrs["href"])
            if attrs.get("rel") in ("prev", "next"):
                self.turns[attrs["rel"]] = attrs["href"]
        elif attrs.get("src") or tag == "link":
            self.loads.append(attrs.get("src") or attrs["href"])


def test_every_notebook_has_its_page_and_each_lecture_its_slides(built):
    found = {path.relative_to(built).as_posix() for path in built.rglob("*.html")}
    folders = ("", "slides/", "exercises/student/")
    assert found == {"index.html", *(f"{folder}{name}.html" for folder in folders for name in LECTURES)}


def test_nothing_is_loaded_from_elsewhere_and_every_link_leads_somewhere(built):
    read = {path.resolve(): Reader(path) for path in built.rglob("*.html")}
    for path, page in read.items():
        for target in page.loads:
            assert target.startswith("data:") or (path.parent / target).is_file(), (path.name, target)
        for target in page.links:
            file, _, anchor = target.partition("#")
            if file.startswith(("https://", "mailto:")):
                continue
            goal = (path.parent / unquote(file)).resolve() if file else path
            assert goal in read, (path.name, target)
            ids = {unquote(name) for name in read[goal].ids if name}
            assert not anchor or unquote(anchor) in ids, (path.name, target)


def test_before_and_after_lead_through_all_lectures(built):
    names = ["index.html", *(f"{lecture}.html" for lecture in LECTURES)]
    for i, name in enumerate(names[1:], 1):
        found = Reader(built / name).turns
        assert found == {"prev": names[i - 1]} | ({"next": names[i + 1]} if i + 1 < len(names) else {})


def test_the_first_lecture_is_at_most_5_megabytes(built):
    first = built / f"{LECTURES[0]}.html"
    loaded = [first, *(first.parent / target for target in Reader(first).loads if not target.startswith("data:"))]
    assert len(loaded) > 4
    assert sum(path.stat().st_size for path in loaded) <= 5_000_000


# In a browser.


def moved(page: Page, within: str) -> list[str]:
    """Moves each slider of each explorer there, by the keyboard; its words must change. Those it has in the end."""
    words = []
    for explorer in page.locator(f"{within} .downhill:visible").all():
        stage = explorer.locator(".stage")
        for slider in explorer.locator("input[type=range]").all():
            before = stage.get_attribute("aria-label")
            slider.focus()
            page.keyboard.press("Home" if slider.evaluate("e => e.value === e.max") else "End")
            assert stage.get_attribute("aria-label") != before
        words.append(stage.get_attribute("aria-label"))
    return words


def serious(page: Page) -> list[str]:
    """What axe finds that is not minor. (To list what is fine, too, takes it three times as long.)"""
    found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]}).response["violations"]
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("moderate", "serious", "critical")
    ]


@needs_chromium
@pytest.mark.parametrize("name", ["index", *LECTURES, *STUDENTS])
def test_a_page_works_without_network_and_for_everybody(browser, built, name):
    show(browser, built / f"{name}.html")
    browser.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert browser.locator("mjx-container").count() > 0 or name == "index"
    assert browser.locator("mjx-merror").count() == 0
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(moved(browser, "main")) == browser.locator("[data-downhill]").count()
    assert browser.locator("[data-downhill]").count() > 0 or name not in LECTURES
    assert browser.locator(".contents a").count() == browser.locator("h2").count() > 0
    browser.wait_for_timeout(200)  # what is opened is laid out
    if name not in IN_THE_DARK:  # where all colours of code are looked at: half of axe's time goes there
        browser.evaluate("document.querySelectorAll('pre span').forEach((e) => e.replaceWith(e.textContent))")
    assert serious(browser) == []
    if name in IN_THE_DARK:
        browser.emulate_media(color_scheme="dark")
        browser.wait_for_function("document.documentElement.dataset.theme === 'dark'")
        assert serious(browser) == []
    assert browser.problems == []


@needs_chromium
def test_the_checker_of_accessibility_finds_something(browser, built):
    """It would be worth nothing if it could not."""
    show(browser, built / "index.html")
    browser.evaluate("document.querySelector('.here').style.color = '#cccccc'")
    assert any(found.startswith("color-contrast") for found in serious(browser))


@needs_chromium
def test_the_theme_is_the_systems_until_it_is_chosen(browser, built):
    theme = "document.documentElement.dataset.theme"
    show(browser, built / f"{LECTURES[0]}.html", "dark")
    assert browser.evaluate(theme) == "dark"
    assert browser.locator(".downhill.dark").count() == browser.locator(".downhill").count() > 0
    browser.get_by_role("button", name="Light theme").press("Enter")
    assert browser.evaluate(theme) == "light"
    assert browser.locator(".downhill.dark").count() == 0
    browser.reload()
    assert browser.evaluate(theme) == "light"


@needs_chromium
def test_answers_are_folded_and_a_link_into_one_opens_it(browser, built):
    show(browser, built / f"{LECTURES[0]}.html")
    fold = browser.locator(".answer").first
    assert fold.get_attribute("open") is None
    browser.evaluate("document.querySelector('.answer :is(img, .text)').id = 'within'; location.hash = 'within'")
    browser.wait_for_function("document.querySelector('.answer').open")


SLIDE = """() => {
  const slide = Reveal.getCurrentSlide().querySelector(".slide"), scale = Reveal.getScale();
  const { left, top } = document.querySelector(".slides").getBoundingClientRect();
  const boxes = [...slide.querySelectorAll(".cell *")]
    .filter((e) => !e.closest("mjx-assistive-mml") && !e.closest("details:not([open])"))
    .map((e) => e.getBoundingClientRect()).filter((box) => box.width && box.height);
  const cut = [...slide.querySelectorAll("pre, table, mjx-container[display]")]
    .filter((e) => e.scrollWidth > e.clientWidth + 2);
  return {
    words: slide.innerText.slice(0, 60),
    empty: boxes.length === 0,
    box: [
      Math.min(...boxes.map((box) => box.left)) - left, Math.min(...boxes.map((box) => box.top)) - top,
      Math.max(...boxes.map((box) => box.right)) - left, Math.max(...boxes.map((box) => box.bottom)) - top,
    ].map((edge) => edge / scale),
    figures: [...slide.querySelectorAll("img.figure")].map((e) => {
      const { width, height } = e.getBoundingClientRect();
      return Math.min(width / e.getAttribute("width"), height / e.getAttribute("height")) / scale;
    }),
    stages: [...slide.querySelectorAll(".stage")].map((e) => e.getBoundingClientRect().width / scale),
    cut: cut.map((e) => e.textContent.slice(0, 40)),
  };
}"""


# Every slide at once, one below the other, without reveal.js, under whose layers axe gives up on colours.
ALL = """() => {
  for (const e of [document.documentElement, document.body]) { e.className = ""; e.style.overflow = "visible"; }
  const main = document.querySelector("main");
  main.style.cssText = "height: auto; font-size: 27px";
  main.replaceChildren(...document.querySelectorAll(".slide"));
  for (const slide of main.children) slide.style.position = "relative";
}"""


@needs_chromium
@each
def test_each_slide_fits_the_screen_and_its_explorer_works(browser, built, lecture):
    show(browser, built / "slides" / f"{lecture}.html")
    browser.wait_for_function("Reveal.isReady()")
    deck = slides.sections(site.read(site.NOTEBOOKS / f"{lecture}.ipynb"))
    said = []
    for h, section in enumerate(deck):
        for v in range(len(section)):
            browser.evaluate(f"Reveal.slide({h}, {v}, 99)")  # with all its fragments
            slide = browser.evaluate(SLIDE)
            left, top, right, bottom = slide["box"]
            where = f"slide {h}.{v}: {slide}"
            assert not slide["empty"], where
            assert left >= 0, where
            assert top >= 0, where
            assert right <= 1281, where
            assert bottom <= 721, where
            assert all(size >= 0.6 for size in slide["figures"]), where
            assert all(width >= 500 for width in slide["stages"]), where
            assert not slide["cut"], where
            said += moved(browser, "section.present > section.present")  # its neighbours are laid out, too
            assert browser.evaluate("(({ h, v }) => [h, v])(Reveal.getIndices())") == [h, v]  # keys moved sliders alone
    assert len(said) == browser.locator("[data-downhill]").count() > 0
    browser.evaluate(ALL)
    assert browser.locator(".slide:visible").count() == sum(map(len, deck))
    assert serious(browser) == []
    assert browser.problems == []


@needs_chromium
def test_keys_turn_slides_and_the_presenter_has_notes(browser, built):
    show(browser, built / "slides" / f"{LECTURES[0]}.html")
    browser.wait_for_function("Reveal.isReady()")
    deck = slides.sections(site.read(site.NOTEBOOKS / f"{LECTURES[0]}.ipynb"))
    long = next(h for h, section in enumerate(deck) if h and len(section) > 1)
    browser.evaluate(f"document.activeElement.blur(); Reveal.slide({long - 1}, 0, 99)")
    browser.keyboard.press("ArrowRight")
    assert browser.evaluate("Reveal.getIndices().h") == long
    browser.evaluate("Reveal.slide(Reveal.getIndices().h, 0, 99)")  # with its fragments, which come first
    browser.keyboard.press("ArrowDown")
    assert browser.evaluate("Reveal.getIndices()")["v"] == 1
    with browser.expect_popup() as popup:
        browser.keyboard.press("s")
    notes = popup.value
    notes.wait_for_selector("#current-slide iframe")
    h = max(h for h, section in enumerate(deck) if section[0].notes)
    browser.evaluate(f"Reveal.slide({h}, 0)")
    words = browser.evaluate("Reveal.getCurrentSlide().querySelector('.notes').textContent.trim()")
    assert words
    shown = "(words) => document.querySelector('.speaker-controls-notes .value').textContent.trim() === words"
    notes.wait_for_function(shown, arg=words, timeout=5000)
    notes.close()


@needs_chromium
def test_a_link_within_a_deck_turns_to_its_slide(browser, built):
    show(browser, built / "slides" / f"{LECTURES[7]}.html")
    browser.wait_for_function("Reveal.isReady()")
    link = browser.locator(".slide a[href='#The-second-illness']").first
    link.evaluate("e => e.click()")
    assert browser.locator("section.present > section.present h2").inner_text() == "The second illness"


# What the marks mean.


def marked(kind: str, source: str, **metadata: object) -> nbformat.NotebookNode:
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}, **metadata})


def test_marks_make_slides():
    printed = nbformat.v4.new_output("stream", text="4")
    notebook = new_notebook(
        cells=[
            marked("skip", "a note to the reader"),
            marked("slide", "# Title"),
            marked("notes", "say this"),
            marked("slide", "## Two"),
            new_code_cell("2 + 2"),
            marked("subslide", "more", tags=["beside"]),
            marked("fragment", "at last"),
            new_code_cell("print(4)", outputs=[printed]),
            new_code_cell("def rule(): ...", metadata={"tags": ["code"]}),
            new_code_cell("# a comment is no heading", outputs=[printed], metadata=marked("subslide", "").metadata),
        ]
    )
    (title,), (two, more, code) = slides.sections(notebook)
    assert [cell.source for cell in title.cells] == ["# Title"]
    assert [cell.source for cell in title.notes] == ["say this"]
    assert [cell.source for cell in two.cells] == ["## Two"]  # code that shows nothing is not on a slide
    assert (two.below, more.below, code.below) == ("", "Two", "Two")
    assert [len(column) for column in more.columns] == [1, 3]
    assert [cell.source for cell in more.cells] == ["more", "at last", "print(4)", "def rule(): ..."]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (marked("silde", "# Title"), "slide_type must be one of slide, subslide, .*, got 'silde' in: '# Title'"),
        (marked("notes", "say this"), "must be a slide, got 'notes': 'say this'"),
    ],
)
def test_a_wrong_mark_is_named(cell, message):
    with pytest.raises(ValueError, match=message):
        slides.sections(new_notebook(cells=[cell]))


def test_an_answer_is_folded_up_to_the_next_heading_of_its_rank():
    cells = [
        new_markdown_cell("## Question"),
        new_markdown_cell("#### Then look", metadata={"jp-MarkdownHeadingCollapsed": True}),
        new_code_cell("1"),
        new_markdown_cell("##### Deeper"),
        new_code_cell("2", metadata={"jupyter": {"source_hidden": True}}),
        new_markdown_cell("### Next"),
        new_markdown_cell("#### Then < look\n\nIt *falls*.", metadata={"jp-MarkdownHeadingCollapsed": True}),
        new_markdown_cell("##### And then", metadata={"jp-MarkdownHeadingCollapsed": True}),
        new_code_cell("3"),
        new_code_cell("%pip install", metadata={"tags": ["colab"]}),
    ]
    found = pages.folded(new_notebook(cells=cells)).cells
    assert [i for i, cell in enumerate(found) if cell.metadata.get("fold")] == [1, 6, 7]
    assert {i: cell.metadata.fold_ends for i, cell in enumerate(found) if "fold_ends" in cell.metadata} == {4: 1, 8: 2}
    assert [i for i, cell in enumerate(found) if cell.metadata.get("folded_code")] == [4]


def test_a_page_holds_what_its_notebook_says(tmp_path):
    cells = [
        new_markdown_cell('# Title\n\n[Open in Colab](https://x.org)\n\nRead *this* in\n[two](two.ipynb) "lines".'),
        new_markdown_cell("## One"),
        new_markdown_cell("#### Then < look\n\nIt *falls*.", metadata={"jp-MarkdownHeadingCollapsed": True}),
    ]
    pages.write_page(new_notebook(cells=cells), Path("folder", "one.ipynb"), tmp_path, [])
    html = (tmp_path / "folder" / "one.html").read_text(encoding="utf-8")
    assert "content='Read this in two \"lines\".'" in html
    assert "<summary>Then &lt; look</summary>" in html
    assert "It <em>falls</em>." in html
    assert html.count("<details") == html.count("</details>") == 2


def test_the_students_page_shows_what_is_asked():
    picture = nbformat.v4.new_output("display_data", {"text/html": "<b>Why?</b>"})
    asked, other = new_code_cell("exercises.lecture01.ask(1)", outputs=[picture]), new_code_cell("2", outputs=[picture])
    student = new_notebook(cells=[new_code_cell(cell.source, id=cell.id) for cell in (asked, other)])
    found = pages.with_questions(student, new_notebook(cells=[asked, other]))
    assert [cell.outputs for cell in found.cells] == [[picture], []]


def test_a_notebook_without_a_title_is_refused():
    with pytest.raises(ValueError, match="title is its first heading, and there is none"):
        site.title(new_notebook(cells=[new_code_cell("# no title")]))


def test_the_plan_in_the_index_is_that_of_the_slides():
    index = (site.NOTEBOOKS / "index.py").read_text(encoding="utf-8")
    table = index.partition(plan.BEGIN)[2].partition(plan.END)[0]
    rows = [line.removeprefix("# ") for line in table.splitlines() if line.startswith("# |")]
    assert rows == plan.plan().splitlines(), "make plan"


def test_minutes_are_words_questions_and_explorers():
    explorer = nbformat.v4.new_output("display_data", {"text/html": "<div data-downhill='1'></div>"})
    cells = [new_markdown_cell("word " * 65), new_code_cell("explore()", outputs=[explorer])]
    notes = [new_markdown_cell("word " * 64 + "**Predict.**")]
    assert plan.minutes(slides.Slide("", cells, notes)) == pytest.approx(130 / plan.WORDS_A_MINUTE + 2)
    assert plan.minutes(slides.Slide("", cells[:1])) == pytest.approx(0.5)


def test_without_lectures_there_is_a_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr(site, "NOTEBOOKS", tmp_path)
    with pytest.raises(FileNotFoundError, match="no lectures"):
        slides.write_slides(tmp_path / "site")
    assert not (tmp_path / "site").exists()
