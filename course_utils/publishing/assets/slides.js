// Slides of 1280 x 720, scaled to the screen. Keys stay with a slider while it has the focus (reveal.js sees to that);
// a finger on an explorer does not turn the slide.
for (const explorer of document.querySelectorAll(".shown")) explorer.setAttribute("data-prevent-swipe", "");
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
Reveal.on("ready", fit);
Reveal.on("slidechanged", fit);
document.addEventListener("typeset", () => ready.then(fit));
