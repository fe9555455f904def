// The theme: the system's, until the reader chooses. Explorers look at the colours of the page around them. This runs
// before there is a body, so that a dark page does not begin with a flash of white.
const system = window.matchMedia("(prefers-color-scheme: dark)");
const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
const theme = () => kept() ?? (system.matches ? "dark" : "light");
const show = () => { document.documentElement.dataset.theme = theme(); };
show();

document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  const name = () => {
    show();
    button.textContent = theme() === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `${button.textContent} theme`);
  };
  name();
  system.addEventListener("change", name);
  button.addEventListener("click", () => {
    try { localStorage.setItem("theme", theme() === "dark" ? "light" : "dark"); } catch { /* a browser that keeps nothing */ }
    name();
  });
  if (window.matchMedia("(max-width: 1300px)").matches) document.querySelector(".contents details").open = false;
});

// A link into a folded answer opens it.
function unfold() {
  const id = location.hash.slice(1);
  const target = document.getElementById(id) ?? document.getElementById(decodeURI(id.replace(/%(?![0-9a-f]{2})/gi, "%25")));
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target?.scrollIntoView();
}
window.addEventListener("hashchange", unfold);
document.addEventListener("typeset", unfold); // formulas have moved it
