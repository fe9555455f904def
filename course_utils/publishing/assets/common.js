// Formulas, by MathJax. The accessible copy of each stays; a menu on each would be one stop of the Tab key more.
window.MathJax = {
  tex: { inlineMath: [["$", "$"]], displayMath: [["$$", "$$"]], processEscapes: true },
  options: { enableMenu: false, skipHtmlTags: ["script", "style", "pre", "code", "textarea", "svg"] },
  startup: { pageReady: () => MathJax.startup.defaultPageReady().then(() => document.dispatchEvent(new Event("typeset"))) },
};

// What is wider than its place can be scrolled, so the keyboard must reach it; what is not, is no stop of the Tab key.
function reach() {
  for (const box of document.querySelectorAll('pre, .card, .shown, .text, mjx-container[display="true"]')) {
    if (box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX === "auto") box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
document.addEventListener("typeset", reach);
document.addEventListener("toggle", reach, true);
window.addEventListener("resize", reach);
