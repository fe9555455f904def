// The theme: the system's, until the reader chooses. Explorers look at the colours of the page around them.
const button = document.getElementById("theme");
const system = window.matchMedia("(prefers-color-scheme: dark)");
const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };

function show(theme) {
  document.documentElement.dataset.theme = theme;
  document.body.dataset.theme = theme; // explorers are told
  button.textContent = theme === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-label", `${button.textContent} theme`);
}

show(kept() ?? (system.matches ? "dark" : "light"));
system.addEventListener("change", () => show(kept() ?? (system.matches ? "dark" : "light")));
button.addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  show(theme);
  try { localStorage.setItem("theme", theme); } catch { /* a browser that keeps nothing */ }
});

// A link into a folded answer opens it.
function unfold() {
  const target = document.getElementById(location.hash.slice(1)) ?? document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target?.scrollIntoView();
}
window.addEventListener("hashchange", unfold);
document.addEventListener("typeset", unfold); // formulas have moved it
const contents = document.querySelector(".contents details");
if (window.matchMedia("(max-width: 1300px)").matches) contents.open = false;
