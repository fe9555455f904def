// The moving part of an explorer, drawn over its still picture. It knows pixels and words, no mathematics and no rules:
// every setting of the sliders was computed in advance. moves.py says how the data are laid out.

const PACE = 60; // milliseconds a picture when played
const LONGEST = 120; // pictures; long paths are played some steps at a time
const PATIENCE = 3000; // milliseconds until a kernel that does not answer is spoken of
const NO_KERNEL = "Other starts and other values need a kernel: run this cell in Jupyter.";

/** The data as they were before they were packed: as differences along the steps, lower bytes first, and deflated. */
export async function unpack(bytes, { channels, controls }) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const both = new Uint8Array(await new Response(stream).arrayBuffer());
  const data = new Int16Array(both.length / 2);
  for (let i = 0; i < data.length; i++) data[i] = both[i] | (both[data.length + i] << 8);
  let start = 0;
  return channels.map(({ by, points }) => {
    const length = by.reduce((n, c) => n * controls[c].texts.length, points);
    const channel = data.subarray(start, (start += length));
    for (let at = 0; at < length; at += points) {
      for (let i = 1; i < points; i++) channel[at + i] += channel[at + i - 1];
    }
    return channel;
  });
}

/**
 * Shows an explorer in `root`: with sliders of its own if `inputs`; with what needs a kernel if there is `ask`, which
 * sends it a request. `moved(k, value)` is called when the pointer in the picture has moved slider k.
 */
export function mount(root, spec, data, { inputs = true, ask = null, moved = () => {} } = {}) {
  const index = spec.controls.map((c) => c.first);
  const phases = spec.phases.length;
  const frames = spec.last * phases; // the last step is one picture
  const stride = phases > 1 ? 1 : Math.ceil(spec.last / LONGEST);
  const pace = phases > 1 ? 10 * PACE : PACE;
  const sliders = [];
  let frame = spec.first;
  let timer = null;

  root.replaceChildren();
  root.classList.add("downhill");
  root.setAttribute("data-prevent-swipe", ""); // a deck of slides would turn the slide
  add(root, "style").textContent = STYLE;
  const verdict = add(root, "div", "verdict");
  verdict.setAttribute("aria-live", "polite");
  const lines = spec.verdicts.map(() => add(verdict, "p"));
  const stage = add(root, "div", "stage");
  stage.setAttribute("role", "img");
  stage.style.aspectRatio = `${spec.width} / ${spec.height}`;
  stage.style.maxWidth = `${spec.width}px`;
  const still = add(stage, "img");
  still.alt = "";
  still.src = spec.background;
  const canvas = add(stage, "canvas");
  const pen = canvas.getContext("2d");
  const numbers = add(root, "p", spec.told.length > 3 ? "numbers tall" : "numbers");
  const notes = add(root, "p", "notes");
  const rows = add(root, "div", "rows");
  if (inputs) {
    spec.controls.forEach((c, k) => {
      sliders[k] = slider(rows, c.name, c.texts.length - 1, (i) => set(k, i));
      sliders[k](c.first, c.texts[c.first]);
    });
  }
  const stepping = spec.stepping ?? "step";
  const showStep = slider(rows, stepping, frames, (i) => { stop(); go(i); });
  const play = add(rows.lastElementChild, "button");
  play.type = "button";
  const sign = add(play, "span");
  sign.setAttribute("aria-hidden", "true");
  const word = play.appendChild(new Text());
  play.onclick = () => (timer === null ? start() : stop());
  stop();
  const kernel = spec.asks === false ? { ask() {}, answered() {}, end() {} } : other(rows, `${spec.controls[0].name} = ${spec.controls[0].texts[index[0]]}`, ask, redraw);
  pointer(canvas, spec, ask !== null, {
    set: (k, i) => { set(k, i); moved(k, spec.controls[k].values[i]); },
    go: (i) => { stop(); go(i * phases); },
    ask: kernel.ask,
  });

  function start() {
    if (frame >= frames) go(0);
    label("❚❚", "pause");
    timer = setInterval(() => (frame < frames ? go(Math.min(frames, frame + stride)) : stop()), pace);
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    label("▶", "play");
  }
  /** What the button does; its sign is not read out. */
  function label(drawn, read) {
    sign.textContent = drawn;
    word.data = ` ${read}`;
  }
  function go(i) {
    if (frame === i) return;
    frame = i;
    draw();
  }
  function set(k, i) {
    if (index[k] === i) return;
    index[k] = i;
    sliders[k]?.(i, spec.controls[k].texts[i]);
    name();
    draw();
  }
  /** Names ipywidgets' sliders, which have only a number for who cannot see them; of lr, its logarithm. */
  function name() {
    const handles = root.closest(".downhill-view")?.querySelectorAll(".noUi-handle") ?? [];
    spec.controls.forEach((c, k) => {
      handles[k]?.setAttribute("aria-label", c.name);
      handles[k]?.setAttribute("aria-valuetext", c.texts[index[k]]);
    });
  }
  /** Takes new data from the kernel. */
  async function redraw(known, bytes) {
    data = await unpack(bytes, known);
    Object.assign(spec, known);
    spec.controls.forEach((c, k) => { index[k] = Math.min(index[k], c.texts.length - 1); });
    draw();
  }

  /** The number, among the settings of the controls in `by`, of the one that they are at. */
  const setting = (by) => by.reduce((k, c) => k * spec.controls[c].texts.length + index[c], 0);
  /** Where channel n is at step i, in units. */
  function at(n, i) {
    const { by, points } = spec.channels[n];
    return data[n][setting(by) * points + Math.min(i, points - 1)];
  }
  /** Where two channels are at step i, in pixels; null if nowhere. */
  function where([x, y], i) {
    const [u, v] = [at(x, i), at(y, i)];
    return u <= spec.away || v <= spec.away ? null : [u / spec.unit, v / spec.unit];
  }
  const settings = (by, name) => by.map((c) => `${spec.controls[c][name]} = ${spec.controls[c].texts[index[c]]}`).join(", ");

  function draw() {
    if (canvas.width !== sharp()) return fit(); // it is on another screen now, or scaled
    const step = Math.floor(frame / phases);
    const phase = step === spec.last ? phases - 1 : frame % phases;
    const scale = canvas.width / spec.width;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, spec.width, spec.height);
    for (const layer of spec.layers) {
      if (layer.phase > phase) continue;
      pen.save();
      pen.beginPath();
      pen.rect(...spec.axes[layer.on].box);
      pen.clip();
      pen.strokeStyle = pen.fillStyle = layer.color;
      DRAW[layer.kind](pen, layer, where, step, spec.last);
      pen.restore();
    }
    say(step, phase);
  }

  function say(step, phase) {
    const said = spec.verdicts.map((v) => {
      const k = setting(v.by);
      const subject = !v.name ? settings(v.by, "name") : v.by.length ? `${v.name} (${settings(v.by, "short")})` : v.name;
      const [word, bad, order] = [v.words[v.index[k]], v.bad[v.index[k]], v.order?.[k]];
      return { ...v, order, bad, text: v.plain ? word : `${subject}: ${word}` };
    });
    if (said.length > 1) said.sort((a, b) => a.order - b.order);
    said.forEach(({ text, bad, glyph, color, order }, i) => {
      const place = 1 + said.filter((other) => other.order < order).length;
      const sign = glyph ? (bad ? "✗  " : order <= spec.last ? `${place}. ` : "–  ") : "";
      write(lines[i], [{ sign, glyph, color, text }]);
      lines[i].classList.toggle("bad", bad);
    });
    const told = spec.told.filter((t) => t.phase <= phase).map((t) => `${t.label} ≈ ${value(t, step)}`); // the pixels tell no more
    const name = spec.phases[phase] ? `, ${spec.phases[phase]}` : "";
    numbers.textContent = `${stepping} ${step}${name}:  ${spec.telling}${spec.telling && ":  "}${told.join(",  ")}`;
    write(notes, spec.notes.map(({ words, index, by, glyph, color }) => ({ sign: "", glyph, color, text: words[index[setting(by)]] })));
    const all = [spec.about, ...lines.map((line) => `${line.textContent}.`), `${numbers.textContent}.`, notes.textContent];
    stage.setAttribute("aria-label", all.join(" ").trim());
    showStep(frame, phases > 1 ? `${step} · ${phase + 1}/${phases}` : String(step));
  }

  /** The number that is told at a step, in words. */
  function value({ on, at: [x, y], axis }, step) {
    if (at(x, step) === spec.none || at(y, step) === spec.none) return "(no finite number)";
    const place = where([x, y], step);
    if (!place || place.some((pixel) => Math.abs(pixel) >= spec.far)) return "(off the picture)"; // or on its way there
    const { log, digits } = spec.axes[on][axis];
    const n = read(spec.axes[on][axis], place[axis === "x" ? 0 : 1]);
    const text = !log ? n.toFixed(digits).replace(/^-(0\.?0*)$/, "$1")
      : n < 1e-3 || n >= 1e4 ? n.toExponential(digits - 1) : String(Number(n.toPrecision(digits)));
    return text.replace("-", "−");
  }

  /** As many pixels as the screen has there: a deck of slides is scaled by a transform. */
  function sharp() {
    return Math.max(1, Math.round(stage.getBoundingClientRect().width * window.devicePixelRatio));
  }
  function fit() {
    canvas.width = sharp();
    canvas.height = Math.round((canvas.width * spec.height) / spec.width);
    dark();
    name();
    draw();
    const controls = (root.closest(".downhill-view") ?? root).querySelectorAll("input, button, .noUi-handle");
    for (const control of controls) control.setAttribute("data-lm-suppress-shortcuts", "true"); // Jupyter takes keys
  }
  const dark = () => root.classList.toggle("dark", isDark(root));
  const resized = new ResizeObserver(fit);
  resized.observe(stage);
  window.addEventListener("resize", draw); // the scale of a deck: the stage's own size stays
  const themed = new MutationObserver(dark);
  for (const element of [document.documentElement, document.body]) themed.observe(element, { attributes: true });
  const preferred = window.matchMedia("(prefers-color-scheme: dark)");
  preferred.addEventListener("change", dark);
  rows.addEventListener("keydown", keep);
  draw();
  function end() {
    stop();
    kernel.end();
    resized.disconnect();
    window.removeEventListener("resize", draw);
    themed.disconnect();
    preferred.removeEventListener("change", dark);
  }
  return { set, go, answered: kernel.answered, end };
}

/** A key that a control takes goes no further: a deck of slides would turn the slide. */
function keep(event) {
  const takes = event.target.tagName === "BUTTON" ? [" ", "Enter"].includes(event.key) : !["Escape", "Tab"].includes(event.key);
  if (takes) event.stopPropagation();
}

/** Writes parts, each a sign, a coloured glyph if there is one, and a text; not if they stand there: it would be read out. */
function write(element, parts) {
  const key = JSON.stringify(parts);
  if (element.key === key) return;
  element.key = key;
  element.replaceChildren();
  parts.forEach(({ sign, glyph, color, text }, i) => {
    element.append(`${i ? "     " : ""}${sign}`);
    if (glyph) {
      Object.assign(add(element, "span", "glyph"), { textContent: glyph }).style.color = color;
      element.append(" ");
    }
    element.append(text);
  });
}

/**
 * The row that asks the kernel: ask({start} or {text}), and answered(error, known, bytes). One request at a time: what is
 * asked meanwhile waits, the newest start and the newest text.
 */
function other(rows, example, send, redraw) {
  const row = add(rows, "div", "setting");
  add(row, "span").textContent = "other";
  const input = Object.assign(add(row, "input"), { type: "text", disabled: !send });
  input.placeholder = send ? `${example}, start = (1, 2)   (or drag the start in the picture)` : NO_KERNEL;
  input.setAttribute("aria-label", `other values: ${input.placeholder}`);
  const output = add(row, "span", "answer");
  output.setAttribute("role", "status");
  let waiting = false;
  let next = null;
  let late;
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") ask({ text: input.value }); });
  function ask(request) {
    if (!send) return;
    next = { ...next, ...request };
    if (!waiting) go();
  }
  function go() {
    waiting = true;
    late = setTimeout(() => { output.textContent = "The kernel does not answer: is it busy, or gone?"; }, PATIENCE);
    send(next);
    next = null;
  }
  async function answered(error, known, bytes) {
    clearTimeout(late);
    waiting = false;
    output.textContent = error;
    if (!error) await redraw(known, bytes);
    if (next && !waiting) go();
  }
  return { ask, answered, end: () => clearTimeout(late) };
}

/** Lets the pointer in the picture move the start, if there is a kernel, sliders and the step. */
function pointer(canvas, spec, kernel, { set, go, ask }) {
  const place = ({ clientX, clientY }) => {
    const { left, top, width } = canvas.getBoundingClientRect();
    return [((clientX - left) * spec.width) / width, ((clientY - top) * spec.width) / width];
  };
  const inside = ([x, y], [left, top, width, height]) => x >= left && x <= left + width && y >= top && y <= top + height;
  const within = (at) => spec.axes.find(({ drag, box }) => drag && (kernel || drag !== "start") && inside(at, box)) ?? null;
  const names = (drag) => (drag === "start" ? ["the start"] : drag.filter((w) => w !== null).map((w) => spec.controls[w]?.name ?? spec.stepping ?? w));
  let held = null;
  function move(event) {
    const pixels = place(event);
    const values = [read(held.x, pixels[0]), read(held.y, pixels[1])];
    if (held.drag === "start") return ask({ start: values });
    held.drag.forEach((what, axis) => {
      if (what === "step") go(Math.max(0, Math.min(spec.last, Math.round(values[axis]))));
      else if (what !== null) set(what, nearest(spec.controls[what].values, values[axis]));
    });
  }
  canvas.addEventListener("pointerdown", (event) => {
    held = event.button === 0 ? within(place(event)) : null;
    if (!held) return;
    canvas.setPointerCapture(event.pointerId);
    move(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    const over = held ?? within(place(event));
    canvas.style.cursor = over ? "crosshair" : "";
    canvas.title = over && !held ? `drag: ${names(over.drag).join(" and ")}` : "";
    if (held) move(event);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = null; });
}

/** The number that a pixel stands for. */
function read({ origin, scale, log }, pixel) {
  const v = origin + scale * pixel;
  return log ? 10 ** v : v;
}

const nearest = (values, v) => values.reduce((best, w, i) => (Math.abs(w - v) < Math.abs(values[best] - v) ? i : best), 0);

const DRAW = {
  /** A line through the points up to the current one, a marker on some, a larger one there, and an arrow to the next. */
  path(pen, { at, width, dash, marker, size, every, vector }, where, step, last) {
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.setLineDash(dash);
    pen.beginPath();
    for (let i = 0, down = false; i <= step; i++) {
      const p = where(at, i);
      if (p) pen[down ? "lineTo" : "moveTo"](...p);
      down = p !== null;
    }
    pen.stroke();
    pen.setLineDash([]);
    for (let i = every; i <= step; i += every) if (where(at, i)) polygon(pen, where(at, i), size, marker);
    const here = where(at, step);
    if (!here) return;
    pen.strokeStyle = "white";
    pen.lineWidth = 2;
    polygon(pen, here, 1.7 * size, marker);
    pen.stroke();
    const next = vector && step < last ? where(at, step + 1) : null;
    pen.strokeStyle = pen.fillStyle = "black";
    if (next) arrow(pen, here, next, 2.5);
  },
  /** A line through points that move, a marker on each. */
  profile(pen, { at, width, dash, marker, size }, where, step) {
    const points = [];
    for (let i = 0; i < at.length; i += 2) points.push(where([at[i], at[i + 1]], step));
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.setLineDash(dash);
    pen.beginPath();
    points.forEach((p, i) => p && pen[points[i - 1] ? "lineTo" : "moveTo"](...p));
    pen.stroke();
    pen.setLineDash([]);
    for (const p of points) if (p) polygon(pen, p, size, marker);
  },
  /** A marker at the current point. */
  mark(pen, { at, marker, size }, where, step) {
    const here = where(at, step);
    if (!here) return;
    polygon(pen, here, size, marker);
    pen.strokeStyle = "black";
    pen.lineWidth = 1.5;
    pen.stroke();
  },
  /** An arrow from one current point to another. */
  arrow(pen, { at, to, width, dash }, where, step) {
    pen.setLineDash(dash);
    if (where(at, step) && where(to, step)) arrow(pen, where(at, step), where(to, step), 1.3 * width);
  },
};

function polygon(pen, [x, y], size, corners) {
  pen.beginPath();
  for (const [u, v] of corners) pen.lineTo(x + 2 * size * u, y - 2 * size * v);
  pen.closePath();
  pen.fill();
}

function arrow(pen, [x0, y0], [x1, y1], width) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 2) return;
  const [u, v] = [(x1 - x0) / length, (y1 - y0) / length];
  const head = Math.min(5 * width, length / 2);
  pen.lineWidth = width;
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
  const row = add(parent, "div", "setting");
  add(row, "span").textContent = label;
  const input = add(row, "input");
  const text = add(row, "span", "value");
  Object.assign(input, { type: "range", min: 0, max, step: 1 });
  input.setAttribute("aria-label", label);
  input.addEventListener("input", () => moved(input.valueAsNumber));
  return (position, words) => {
    input.value = position;
    input.setAttribute("aria-valuetext", words);
    text.textContent = words;
  };
}

/** Whether the page around is dark: its text is light. */
function isDark(root) {
  const [r, g, b] = getComputedStyle(root).color.match(/[\d.]+/g) ?? [0, 0, 0]; // none before it is in the page
  return 0.3 * r + 0.6 * g + 0.1 * b > 128;
}

const STYLE = `
.downhill { font: 16px/1.4 system-ui, sans-serif; max-width: 1000px; color: var(--jp-content-font-color1, inherit); container-type: inline-size; }
.downhill p { margin: 3px 0; font-variant-numeric: tabular-nums; text-align: center; min-height: 1.4em; white-space: pre-wrap; }
.downhill .numbers.tall { min-height: 2.8em; }
.downhill .verdict p { font-size: 19px; font-weight: 600; }
.downhill .verdict p:not(:only-child) { text-align: left; padding-left: 9%; font-size: 17px; }
.downhill .verdict .bad, .downhill .answer { color: #b83a00; }
.downhill .stage { position: relative; width: 100%; background: white; }
.downhill .stage > * { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; max-width: none; touch-action: pan-y pinch-zoom; }
.downhill .setting { display: grid; grid-template-columns: 9em 1fr 5em 6em; gap: 10px; align-items: center; min-height: 32px; }
.downhill .setting > :first-child { text-align: right; }
.downhill input { width: 100%; box-sizing: border-box; accent-color: #0072b2; font: inherit; margin: 0; }
.downhill input[type="text"] { padding: 3px 8px; grid-column: 2 / 5; color: inherit; background: transparent; border: 1px solid gray; border-radius: 3px; text-overflow: ellipsis; }
.downhill input[type="text"]:disabled { border-style: dashed; }
.downhill .answer { grid-column: 2 / 5; }
.downhill .answer:empty { display: none; }
.downhill ::placeholder { color: inherit; opacity: 0.8; }
.downhill button { font: inherit; padding: 2px 8px; cursor: pointer; }
.downhill :focus-visible { outline: 3px solid #0072b2; outline-offset: 2px; border-radius: 3px; }
@container (max-width: 620px) {
  .downhill .setting { grid-template-columns: 1fr 4.5em 6em; }
  .downhill .setting > :first-child { grid-column: 1 / -1; text-align: left; }
  .downhill input[type="text"], .downhill .answer { grid-column: 1 / -1; }
}
.downhill.dark { color-scheme: dark; }
.downhill.dark input { accent-color: #4cace2; }
.downhill.dark :focus-visible { outline-color: #4cace2; }
.downhill.dark .verdict .bad, .downhill.dark .answer { color: #ff9e66; }
.downhill.dark .stage, .downhill.dark .glyph { filter: invert(0.92) hue-rotate(180deg); }
.downhill-view .widget-label, .downhill-view .widget-readout { font-size: 16px; }
`;

/** The host of a page: everything that it needs is in the element beside the script. */
export async function page(root) {
  root.classList.add("downhill", "page"); // at once: it may stand twice in a page, and be found twice
  const spec = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const bytes = Uint8Array.from(atob(spec.data), (c) => c.charCodeAt(0));
  mount(root, spec, await unpack(bytes, spec));
}

/** The host of a live notebook: the sliders are ipywidgets, linked to the model in the browser. */
async function render({ model, el }) {
  const bytes = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);
  const spec = { ...model.get("spec"), ...model.get("known") };
  const view = Math.random(); // whose answer it is, if one model is shown twice
  const explorer = mount(el, spec, await unpack(bytes(model.get("data")), spec), {
    inputs: false,
    ask: (request) => model.send({ ...request, view }),
    moved(k, value) {
      model.set(`slider${k}`, value);
      model.save_changes();
    },
  });
  const follow = spec.controls.map((_, k) => () => {
    explorer.set(k, nearest(spec.controls[k].values, model.get(`slider${k}`)));
  });
  follow.forEach((one, k) => { model.on(`change:slider${k}`, one); one(); });
  async function answered({ error, view: asked }) {
    if (asked !== view && error) return;
    await explorer.answered(error, model.get("known"), bytes(model.get("data")));
    follow.forEach((one) => one()); // their positions may be others now
  }
  model.on("msg:custom", answered);
  return () => {
    model.off("msg:custom", answered);
    follow.forEach((one, k) => model.off(`change:slider${k}`, one));
    explorer.end();
  };
}

export default { render };
