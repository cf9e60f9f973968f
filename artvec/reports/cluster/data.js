"use strict";
// What the page knows of its points: columns, unpacked when they are first wanted.

const page = JSON.parse(document.getElementById("data").textContent);
const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array };
const packed = new Map(page.columns.map((column) => [column.key, column]));
const unpacked = new Map();

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

async function unpack(column) {
  const buffer = await inflate(column.data);
  if (column.kind === "text") {
    return { ...column, texts: new TextDecoder().decode(buffer).split("\0") };
  }
  return { ...column, array: new ARRAYS[column.type](buffer) };
}

/** Return a promise of a column; null where there is none of that key. */
function column(key) {
  if (!packed.has(key)) return Promise.resolve(null);
  if (!unpacked.has(key)) unpacked.set(key, unpack(packed.get(key)));
  return unpacked.get(key);
}

const round = (number) => (Number.isInteger(number) ? String(number) : String(Number(number.toPrecision(4))));

/** Return what a column says of a point, as text; empty where it says nothing. */
function said(column, point) {
  if (column.kind === "text") return column.texts[point];
  if (column.kind === "number") {
    const number = column.array[point];
    return Number.isNaN(number) ? "" : round(number);
  }
  const code = column.array[point];
  return code ? column.values[code - 1] : column.key === "cluster" ? "none" : "";
}

/** Return how a column colours the points: a code a point, and for each code a name and a colour. */
function colouring(column, n) {
  if (column.kind === "category") {
    const none = { name: column.key === "cluster" ? "no cluster" : "no value", colour: page.none };
    const named = column.values.map((name, at) => ({
      name: column.key === "cluster" ? `cluster ${name}` : name,
      colour: page.palette[at % page.palette.length],
    }));
    return { codes: column.array, entries: [none, ...named], low: null, high: null };
  }
  let [low, high] = [Infinity, -Infinity];
  for (const number of column.array) {
    if (number < low) low = number;
    if (number > high) high = number;
  }
  const STEPS = 64;
  const codes = new Uint8Array(n);
  for (let at = 0; at < n; at++) {
    const share = (column.array[at] - low) / (high - low || 1);
    codes[at] = Number.isNaN(share) ? 0 : 1 + Math.min(STEPS - 1, Math.floor(share * STEPS));
  }
  const entries = [{ name: "no value", colour: page.none }];
  for (let step = 0; step < STEPS; step++) entries.push({ colour: between(page.scale, step / (STEPS - 1)) });
  return { codes, entries, low, high };
}

/** Return the colour at a share (0 to 1) of evenly spaced ones. */
function between(colours, share) {
  const place = share * (colours.length - 1);
  const at = Math.min(colours.length - 2, Math.floor(place));
  const channel = (colour, from) => parseInt(colour.slice(from, from + 2), 16);
  const mixed = [1, 3, 5].map((from) => {
    const [a, b] = [channel(colours[at], from), channel(colours[at + 1], from)];
    return Math.round(a + (b - a) * (place - at)).toString(16).padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}
