// Slides of 1280 x 720, scaled to the screen. Keys and fingers on an explorer turn no slide: explorer.js sees to that.
const ready = Reveal.initialize({
  width: 1280, height: 720, margin: 0.02, minScale: 0.2, maxScale: 4, center: false, hash: true, slideNumber: "c/t",
  transition: "none", plugins: [RevealNotes],
});

/** An explorer takes what height the words on its slide leave. */
function fit() {
  const slide = Reveal.getCurrentSlide().querySelector(".slide");
  const stage = slide.querySelector(".stage");
  if (!stage) return;
  const cells = [...stage.closest(".column").querySelectorAll(":scope > .cell")];
  const height = cells.reduce((sum, cell) => sum + cell.scrollHeight, 0);
  const { paddingTop, paddingBottom } = getComputedStyle(slide);
  const room = slide.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom) - (height - stage.offsetHeight);
  if (stage.offsetHeight > room) stage.style.maxWidth = `${(room * stage.offsetWidth) / stage.offsetHeight}px`;
}
// A link to a heading turns to its slide. To one that is on no slide, it is no link.
for (const link of document.querySelectorAll('.slide a[href^="#"]')) {
  const section = document.getElementById(link.getAttribute("href").slice(1))?.closest("section");
  if (!section) link.replaceWith(...link.childNodes);
  else link.addEventListener("click", (event) => {
    event.preventDefault();
    const { h, v } = Reveal.getIndices(section);
    Reveal.slide(h, v);
  });
}
Reveal.on("ready", fit);
Reveal.on("slidechanged", fit);
document.addEventListener("typeset", () => ready.then(fit));
