// The moving part of an explorer, drawn over its still picture. It knows pixels and words, no mathematics and no rules:
// all settings of the sliders were computed in advance. explorer.py says how spec and data are laid out.

const GONE = -32768; // no number, or too far outside the picture
const PACE = 60; // milliseconds a picture when played
const LONGEST = 120; // pictures; long paths are played some steps at a time

/** The data as they were before they were packed: deflated, and as differences along the points. */
export async function unpack(bytes, spec) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = new Int16Array(await new Response(stream).arrayBuffer());
  for (let at = 0; at < data.length; at += spec.points) {
    for (let i = 1; i < spec.points; i++) data[at + i] += data[at + i - 1];
  }
  return data;
}

/** Shows an explorer in `root`, with sliders of its own if `inputs`; returns {set(name, index), go(i), state}. */
export function mount(root, spec, data, { inputs = true } = {}) {
  const last = spec.points - 1;
  const stride = Math.ceil(last / LONGEST);
  const index = Object.fromEntries(spec.controls.map((c) => [c.name, c.first]));
  const sliders = {};
  let step = last;
  let timer = null;

  root.replaceChildren();
  root.classList.add("downhill");
  const style = add(root, "style");
  style.textContent = STYLE;
  const verdict = add(root, "p", "verdict");
  verdict.setAttribute("aria-live", "polite");
  const stage = add(root, "div", "stage");
  stage.setAttribute("role", "img");
  stage.style.aspectRatio = `${spec.width} / ${spec.height}`;
  stage.style.maxWidth = `${spec.width}px`;
  const still = add(stage, "img");
  still.alt = "";
  still.src = spec.background;
  const canvas = add(stage, "canvas");
  const pen = canvas.getContext("2d");
  const numbers = add(root, "p", "numbers");
  const notes = add(root, "p", "notes");
  const rows = add(root, "div", "rows");
  if (inputs) {
    for (const c of spec.controls) {
      sliders[c.name] = slider(rows, c.label, c.texts.length - 1, (i) => set(c.name, i));
      sliders[c.name](c.first, c.texts[c.first]);
    }
  }
  const showStep = slider(rows, "step", last, (i) => { stop(); go(i); });
  const play = document.createElement("button");
  play.type = "button";
  play.onclick = () => (timer === null ? start() : stop());
  rows.lastElementChild.append(play);
  stop();

  function start() {
    if (step === last) go(0);
    play.textContent = "❚❚ pause";
    timer = setInterval(() => (step < last ? go(Math.min(last, step + stride)) : stop()), PACE);
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ play";
  }
  function go(i) {
    step = i;
    draw();
  }
  function set(name, i) {
    index[name] = i;
    sliders[name]?.(i, spec.controls.find((c) => c.name === name).texts[i]);
    draw();
  }

  /** The number of the setting that the controls are at. */
  const setting = () => spec.controls.reduce((k, c) => k * c.texts.length + index[c.name], 0);

  function draw() {
    const k = setting();
    const start = k * spec.channels * spec.points;
    const at = (channel, i) => {
      const q = data[start + channel * spec.points + i];
      return q === GONE ? null : q / spec.unit;
    };
    const scale = canvas.width / spec.width;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, spec.width, spec.height);
    for (const layer of spec.layers) {
      pen.save();
      pen.beginPath();
      pen.rect(...layer.clip);
      pen.clip();
      DRAW[layer.kind](pen, layer, at, step, last);
      pen.restore();
    }
    const settings = spec.controls.map((c) => `${c.label} = ${c.texts[index[c.name]]}`).join(", ");
    verdict.textContent = `${settings}: ${spec.words[spec.outcome[k]]}`;
    verdict.classList.toggle("bad", spec.bad.includes(spec.outcome[k]));
    const told = spec.told.map((t) => `${t.label} = ${value(t, at(t.channel, step))}`).join(",  ");
    numbers.textContent = `step ${step}:  ${told}`;
    notes.textContent = spec.notes ? spec.notes[k] : "";
    stage.setAttribute("aria-label", `${spec.about} ${verdict.textContent}. ${numbers.textContent}. ${notes.textContent}`);
    showStep(step, String(step));
  }

  new ResizeObserver(() => {
    const width = Math.max(1, Math.round(stage.clientWidth * (window.devicePixelRatio || 1)));
    canvas.width = width;
    canvas.height = Math.round((width * spec.height) / spec.width);
    draw();
  }).observe(stage);
  draw();
  return { set, go, state: () => ({ ...index, step }), canvas };
}

function value({ origin, scale, log }, pixel) {
  if (pixel === null) return "(off the picture)";
  const v = origin + scale * pixel;
  const n = log ? 10 ** v : v;
  return (log && (n < 1e-3 || n >= 1e4) ? n.toExponential(2) : log ? n.toPrecision(3) : n.toFixed(2).replace(/^-(0\.0*)$/, "$1")).replace("-", "−");
}

const DRAW = {
  /** A line through its points up to the current one, a marker on some, a ring on the last, an arrow to the next. */
  path(pen, { x, y, color, dash, every, arrow }, at, step, last) {
    const point = (i) => (at(x, i) === null || at(y, i) === null ? null : [at(x, i), at(y, i)]);
    pen.strokeStyle = pen.fillStyle = color;
    pen.lineWidth = 3;
    pen.lineJoin = "round";
    pen.setLineDash(dash);
    pen.beginPath();
    for (let i = 0, down = false; i <= step; i++) {
      const p = point(i);
      if (p) pen[down ? "lineTo" : "moveTo"](...p);
      down = p !== null;
    }
    pen.stroke();
    pen.setLineDash([]);
    for (let i = 0; i <= step; i += every) if (point(i)) disc(pen, point(i), 4);
    const here = point(step);
    if (!here) return;
    pen.strokeStyle = "white";
    pen.lineWidth = 2;
    disc(pen, here, 7);
    pen.stroke();
    const next = arrow && step < last ? point(step + 1) : null;
    if (next) arrowhead(pen, here, next);
  },
  /** One dot for each pair of channels, of this setting alone: it does not depend on the step. */
  dots(pen, { dots }, at) {
    for (const { x, y, color, corners } of dots) {
      if (at(x, 0) === null || at(y, 0) === null) continue;
      pen.fillStyle = color;
      pen.strokeStyle = "black";
      polygon(pen, [at(x, 0), at(y, 0)], 9, corners);
    }
  },
};

function disc(pen, [x, y], radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

function polygon(pen, [x, y], radius, corners) {
  pen.beginPath();
  for (let k = 0; k < corners; k++) {
    const a = (2 * Math.PI * k) / corners - Math.PI / 2;
    pen.lineTo(x + radius * Math.cos(a), y + radius * Math.sin(a));
  }
  pen.closePath();
  pen.fill();
  pen.stroke();
}

function arrowhead(pen, [x0, y0], [x1, y1]) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 2) return;
  const [u, v] = [(x1 - x0) / length, (y1 - y0) / length];
  const head = Math.min(12, length / 2);
  pen.strokeStyle = pen.fillStyle = "black";
  pen.lineWidth = 2.5;
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1 - head * u, y1 - head * v);
  pen.stroke();
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x1 - head * u - (head / 2) * v, y1 - head * v + (head / 2) * u);
  pen.lineTo(x1 - head * u + (head / 2) * v, y1 - head * v - (head / 2) * u);
  pen.fill();
}

function add(parent, tag, name = "") {
  const element = parent.appendChild(document.createElement(tag));
  if (name) element.className = name;
  return element;
}

/** A labelled slider from 0 to `max`; returns show(position, text). */
function slider(parent, label, max, moved) {
  const row = add(parent, "label");
  add(row, "span").textContent = label;
  const input = add(row, "input");
  const output = add(row, "output");
  Object.assign(input, { type: "range", min: 0, max, step: 1 });
  input.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab would take the arrow keys
  input.addEventListener("input", () => moved(input.valueAsNumber));
  return (position, text) => {
    input.value = position;
    input.setAttribute("aria-valuetext", text);
    output.textContent = text;
  };
}

const STYLE = `
.downhill { font: 16px/1.4 system-ui, sans-serif; max-width: 1000px; color: inherit; }
.downhill p { margin: 3px 0; font-variant-numeric: tabular-nums; text-align: center; }
.downhill .verdict { font-size: 19px; font-weight: 600; min-height: 1.4em; }
.downhill .verdict.bad { color: #c03d00; }
.downhill .stage { position: relative; width: 100%; background: white; }
.downhill .stage > * { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; max-width: none; }
.downhill label { display: grid; grid-template-columns: 7em 1fr 5em 6em; gap: 10px; align-items: center; min-height: 32px; }
.downhill input { width: 100%; accent-color: #0072b2; }
.downhill button { font: inherit; padding: 2px 8px; cursor: pointer; }
[data-jp-theme-light="false"] .downhill .stage { filter: invert(0.92) hue-rotate(180deg); }
[data-jp-theme-light="false"] .downhill .verdict.bad { color: #ff9e66; }
`;

/** The host of a page: everything that it needs is in the element beside the script. */
export async function page(root) {
  const spec = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const bytes = Uint8Array.from(atob(spec.data), (c) => c.charCodeAt(0));
  root.classList.add("page");
  root.explorer = mount(root, spec, await unpack(bytes, spec));
}

/** The host of a live notebook: the sliders are ipywidgets, linked to the model in the browser. */
async function render({ model, el }) {
  const spec = model.get("spec");
  const explorer = mount(el, spec, await unpack(new Uint8Array(model.get("data").buffer), spec), { inputs: false });
  el.explorer = explorer;
  for (const c of spec.controls) {
    const follow = () => explorer.set(c.name, nearest(c.values, model.get(c.name)));
    model.on(`change:${c.name}`, follow);
    follow();
  }
}

const nearest = (values, v) => values.reduce((best, w, i) => (Math.abs(w - v) < Math.abs(values[best] - v) ? i : best), 0);

export default { render };
