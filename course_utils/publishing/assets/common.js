// Formulas. The accessible copy of each stays; a menu on each would be one stop of the Tab key more.
window.MathJax = {
  tex: { inlineMath: [["$", "$"]], displayMath: [["$$", "$$"]], processEscapes: true },
  options: { enableMenu: false, skipHtmlTags: ["script", "style", "pre", "code", "textarea", "svg"] },
  startup: { pageReady: () => MathJax.startup.defaultPageReady().then(() => document.dispatchEvent(new Event("typeset"))) },
};
