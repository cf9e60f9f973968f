"use strict";
// What a reader does with the page: colour, filter, search, look closer; by mouse, finger or keyboard.

const byId = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const grouped = (number) => number.toLocaleString("en");
const RESULTS_SHOWN = 30;
const DETAILS = 40;

/** Everything the reader has chosen: the colouring, what the legend hides, what the search found. */
const view = { colouring: null, hidden: new Set(), from: 0, to: Infinity, found: null, current: null };
let map = null;
let [xs, ys, paths, rows, clusters] = [];
const pointOf = new Map();

const rowOf = (point) => (rows ? rows[point] : point);

async function start() {
  const placed = await Promise.all(["x", "y", "path", "row", "cluster"].map(column));
  [xs, ys] = placed.slice(0, 2).map(({ array }) => Float32Array.from(array, (step) => (step / 65535) * 2 - 1));
  paths = placed[2].texts;
  rows = placed[3]?.array ?? null;
  clusters = placed[4].array;
  for (let point = 0; point < xs.length; point++) pointOf.set(rowOf(point), point);
  map = await createMap(byId("map").querySelector("canvas"), xs, ys, { hover, choose: (point) => open(point), moved: () => hover(null) });
  if (map.zooms) byId("map-message").remove();
  else byId("map-message").textContent = "This browser offers no WebGL: the map is drawn plainly and can't be zoomed.";
  byId("map").querySelector(".zoom").hidden = !map.zooms;
  for (const { key, title, kind } of page.columns) {
    if (kind === "category" || kind === "number") byId("colour-by").append(make("option", { value: key, textContent: title }));
  }
  await colourBy("cluster");
  document.body.dataset.ready = "yes";
}

async function colourBy(key) {
  view.colouring = colouring(await column(key), xs.length);
  Object.assign(view, { hidden: new Set(), from: 0, to: Infinity });
  await map.draw(view.colouring.codes, view.colouring.entries.map((entry) => entry.colour));
  drawLegend();
  filter();
}

// --- what is shown ---

function shows(point) {
  const code = view.colouring.codes[point];
  const inRange = view.colouring.low === null || code === 0 || (code > view.from && code <= view.to);
  return inRange && !view.hidden.has(code) && (!view.found || view.found.has(point));
}

function filter() {
  const points = [];
  for (let point = 0; point < xs.length; point++) if (shows(point)) points.push(point);
  const all = points.length === xs.length;
  map.show(all ? null : points);
  if (view.current !== null && shows(view.current)) map.mark(view.current);
  byId("status").textContent = all ? `${grouped(xs.length)} pictures` : `${grouped(points.length)} of ${grouped(xs.length)} pictures`;
}

function drawLegend() {
  byId("legend").replaceChildren(...(view.colouring.low === null ? categories() : scale()));
}

function categories() {
  const { codes, entries } = view.colouring;
  const counts = new Uint32Array(entries.length);
  for (const code of codes) counts[code]++;
  const present = entries.map((entry, code) => ({ ...entry, code, count: counts[code] })).filter(({ count }) => count);
  present.sort((a, b) => (a.code === 0) - (b.code === 0) || b.count - a.count);
  const buttons = present.map(({ name, colour, code, count }) => {
    const dot = make("i", { className: "dot" });
    dot.style.setProperty("--colour", colour);
    const button = make("button", { type: "button" }, dot, make("span", { textContent: name, title: name }), make("small", { textContent: grouped(count) }));
    button.dataset.code = code;
    button.onclick = (event) => (event.shiftKey ? isolate(code) : toggle(code));
    button.ondblclick = () => isolate(code);
    return button;
  });
  const everything = make("button", { type: "button", className: "all", textContent: "Show all" });
  everything.onclick = () => isolate(null);
  queueMicrotask(pressed);
  return [...buttons, everything];
}

function scale() {
  const { low, high, entries } = view.colouring;
  const steps = entries.length - 1;
  const ramp = make("div", { className: "ramp" });
  ramp.style.background = `linear-gradient(to right, ${page.scale.join(",")})`;
  const at = (step) => round(low + ((high - low) * step) / steps);
  const ends = make("div", { className: "ends" }, make("span"), make("span"));
  const slider = (name, value) => make("input", { type: "range", min: 0, max: steps, value, ariaLabel: name });
  const [from, to] = [slider("from", 0), slider("to", steps)];
  const changed = () => {
    view.from = Math.min(from.valueAsNumber, to.valueAsNumber);
    view.to = Math.max(from.valueAsNumber, to.valueAsNumber);
    ends.firstChild.textContent = at(view.from);
    ends.lastChild.textContent = at(view.to);
    for (const input of [from, to]) input.ariaValueText = at(input.valueAsNumber);
  };
  from.oninput = to.oninput = () => { changed(); filter(); };
  changed();
  return [ramp, ends, make("label", {}, "from", from), make("label", {}, "to", to)];
}

function toggle(code) {
  if (!view.hidden.delete(code)) view.hidden.add(code);
  pressed();
  filter();
}

/** Show one category alone, or all of them (null). */
function isolate(code) {
  view.hidden = new Set(code === null ? [] : view.colouring.entries.keys());
  view.hidden.delete(code);
  pressed();
  filter();
}

function pressed() {
  for (const button of byId("legend").querySelectorAll("[data-code]")) {
    button.ariaPressed = String(!view.hidden.has(Number(button.dataset.code)));
  }
}

async function search(words) {
  const wanted = words.trim().toLowerCase();
  const texts = await Promise.all(page.columns.filter(({ kind }) => kind === "text").map(({ key }) => column(key)));
  if (byId("search").value !== words) return;
  view.found = null;
  if (wanted) {
    view.found = new Set();
    for (const { texts: lines } of texts) lines.forEach((line, point) => line.toLowerCase().includes(wanted) && view.found.add(point));
  }
  filter();
  drawResults();
}

function drawResults() {
  byId("results").hidden = !view.found;
  if (!view.found) return;
  const found = [...view.found].slice(0, RESULTS_SHOWN).map((point) => {
    const small = make("span", { className: "frame" });
    frame(small, rowOf(point), paths[point]);
    const button = make("button", { type: "button", className: "result" }, small, make("span", { textContent: paths[point] }));
    button.onclick = () => open(point);
    return button;
  });
  const more = view.found.size - found.length;
  const told = view.found.size ? (more > 0 ? `and ${grouped(more)} more on the map` : "") : "Nothing bears that name.";
  byId("results").replaceChildren(...found, make("p", { className: "soft", textContent: told }));
}

// --- a closer look ---

let hovered = null;

function hover(point) {
  const tip = byId("tip");
  if (point === null || point === undefined) {
    hovered = null;
    tip.hidden = true;
    return;
  }
  if (hovered !== point) {
    hovered = point;
    frame(tip.querySelector(".frame"), rowOf(point), paths[point]);
    tip.querySelector(":scope > p").textContent = paths[point];
  }
  tip.hidden = false;
  const box = byId("map").getBoundingClientRect();
  const [x, y] = map.place(point);
  const [left, top] = [box.left + x + 14, box.top + y + 14];
  tip.style.left = `${left + tip.offsetWidth > innerWidth ? Math.max(4, left - tip.offsetWidth - 28) : left}px`;
  tip.style.top = `${Math.max(4, Math.min(top, innerHeight - tip.offsetHeight - 4))}px`;
}

let opener = null;

/** Show a picture large, with everything the page knows of it. */
async function open(point) {
  const details = byId("details");
  view.current = point;
  hover(null);
  if (shows(point)) map.mark(point);
  const [row, path] = [rowOf(point), paths[point]];
  frame(details.querySelector(".frame"), row, path);
  details.querySelector("h2").textContent = path;
  const group = clusters[point] - 1;
  const toMap = make("button", { type: "button", className: "quiet", textContent: "Show on the map" });
  toMap.onclick = () => { byId("map-part").scrollIntoView(); map.go([point]); };
  const file = make("a", { href: sourceOf(path), textContent: "Open the file", target: "_blank" });
  const actions = [...(map.zooms ? [toMap] : []), ...(page.source && !gone.has(row) ? [file] : [])];
  if (byId(`cluster-${group}`)) actions.push(make("a", { href: `#cluster-${group}`, textContent: `Its cluster, ${group}` }));
  details.querySelector(".actions").replaceChildren(...actions);
  if (!details.open) opener = document.activeElement;
  details.show();
  details.scrollTop = 0;
  const told = page.columns.filter(({ kind, key }) => kind !== "place" && key !== "path").slice(0, DETAILS);
  const facts = (await Promise.all(told.map(({ key }) => column(key)))).map((one) => [one.title, said(one, point)]);
  if (view.current !== point) return;
  const lines = facts.filter(([, text]) => text).flatMap(([title, text]) => [make("dt", { textContent: title }), make("dd", { textContent: text })]);
  details.querySelector("dl").replaceChildren(...lines);
}

function close() {
  byId("details").close();
  view.current = null;
  map.mark(null);
  opener?.focus({ preventScroll: true });
}

// --- the keyboard ---

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
let walked = null;

/** Go to the picture that lies next in a direction: near ones first, those aside later. */
function walk([dx, dy]) {
  const from = walked ?? view.current;
  const [x0, y0] = from === null ? [0, 0] : [xs[from], ys[from]];
  let [next, least] = [null, Infinity];
  for (let point = 0; point < xs.length; point++) {
    if (point === from || !shows(point)) continue;
    const [x, y] = [xs[point] - x0, ys[point] - y0];
    const [ahead, aside] = [x * dx + y * dy, Math.abs(x * dy) + Math.abs(y * dx)];
    const cost = from === null ? x * x + y * y : ahead > aside ? ahead + 2 * aside : Infinity;
    if (cost < least) [next, least] = [point, cost];
  }
  if (next === null) return;
  walked = next;
  map.mark(next);
  hover(next);
  byId("status").textContent = paths[next];
}

function onMapKey(event) {
  const act = {
    "+": () => map.zoom(1.3), "=": () => map.zoom(1.3), "-": () => map.zoom(1 / 1.3), 0: () => map.all(),
    Enter: () => walked !== null && open(walked).then(() => byId("details").querySelector(".close").focus()),
    Escape: () => { walked = null; hover(null); map.mark(null); filter(); },
  }[event.key] ?? (DIRECTIONS[event.key] && (() => walk(DIRECTIONS[event.key])));
  if (!act || event.ctrlKey || event.metaKey || event.altKey || event.target !== byId("map")) return;
  event.preventDefault();
  act();
}

// --- listening ---

byId("map").addEventListener("keydown", onMapKey);
byId("map").addEventListener("wheel", (event) => map?.zooms && event.preventDefault(), { passive: false });
byId("colour-by").onchange = (event) => colourBy(event.target.value);
byId("search").oninput = (event) => setTimeout(() => search(event.target.value), 120);
byId("zoom-in").onclick = () => map.zoom(1.5);
byId("zoom-out").onclick = () => map.zoom(1 / 1.5);
byId("zoom-all").onclick = () => map.all();
byId("details").querySelector(".close").onclick = close;
document.addEventListener("keydown", (event) => event.key === "Escape" && byId("details").open && close());
for (const button of document.querySelectorAll("button.picture")) {
  button.onclick = () => open(pointOf.get(Number(button.dataset.row)));
}
for (const button of document.querySelectorAll("button.isolate")) {
  button.onclick = async () => {
    byId("colour-by").value = "cluster";
    await colourBy("cluster");
    isolate(Number(button.dataset.cluster) + 1);
    byId("map-part").scrollIntoView();
  };
}
byId("theme").onclick = () => {
  const dark = themeColours().pointColorHover === "#ffffff";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  map?.theme();
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => map?.theme());

start().catch((error) => {
  byId("map-message").textContent = `The map can't be shown in this browser (${error.message}); everything below can.`;
  console.warn(error);
});
