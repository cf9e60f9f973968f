"use strict";
// The map: points on a canvas, drawn by regl-scatterplot where there is WebGL, else plainly and without zoom.

/** Half the width of the view in which all points lie; a little room is left at the edges. */
const ROOM = 1.08;

function pointSize(n) {
  return Math.max(1.6, Math.min(9, 60 / Math.sqrt(Math.sqrt(n)) - 1.5));
}

/**
 * Return a map of points.
 *
 * @param canvas Where to draw.
 * @param xs, ys From -1 to 1, y upwards.
 * @param on `hover(point or null)`, `choose(point)`, `moved()`.
 */
async function createMap(canvas, xs, ys, on) {
  const probe = document.createElement("canvas").getContext("webgl");
  const works = probe && ["OES_texture_float", "OES_element_index_uint"].every((name) => probe.getExtension(name));
  probe?.getExtension("WEBGL_lose_context")?.loseContext();
  return works ? glMap(canvas, xs, ys, on) : flatMap(canvas, xs, ys, on);
}

async function glMap(canvas, xs, ys, on) {
  const { width, height } = canvas.parentElement.getBoundingClientRect();
  const n = xs.length;
  // A canvas of our own: the library's is never larger than the screen, and what lies beyond is cut off.
  const renderer = scatterplot.createRenderer({ canvas: document.createElement("canvas") });
  renderer.resize(width, height);
  const plot = scatterplot.create({
    renderer, canvas, width, height, pointSize: pointSize(n), pointSizeSelected: 4, pointOutlineWidth: 2,
    pointSizeMouseDetection: Math.max(6, pointSize(n)), opacity: n > 20000 ? 0.7 : 0.9,
    deselectOnEscape: false, deselectOnDblClick: false, lassoInitiator: false, actionKeyMap: {},
    cameraDistance: ROOM, syncEvents: true,
  });
  plot.subscribe("pointOver", (point) => on.hover(point));
  plot.subscribe("pointOut", () => on.hover(null));
  plot.subscribe("select", ({ points }) => points.length && on.choose(points[points.length - 1]));
  plot.subscribe("view", () => on.moved());
  canvas.addEventListener("mouseleave", () => on.hover(null));
  new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    if (!width || !height) return;
    renderer.resize(width, height);
    plot.set({ width, height });
  }).observe(canvas.parentElement);
  const camera = plot.get("camera");
  const aspect = () => canvas.clientWidth / canvas.clientHeight;
  const map = {
    zooms: true,
    async draw(codes, colours) {
      const { backgroundColor, pointColorHover } = themeColours();
      plot.set({ colorBy: "valueA", pointColor: colours, pointColorActive: colours, pointColorHover, backgroundColor });
      const spatialIndex = plot.get("spatialIndex");
      const options = { zDataType: "categorical", preventFilterReset: true, ...(spatialIndex ? { spatialIndex } : {}) };
      await plot.draw({ x: xs, y: ys, z: codes }, options);
    },
    show: (points) => (points ? plot.filter(points) : plot.unfilter()),
    mark: (point) => (point === null ? plot.deselect({ preventEvent: true }) : plot.select([point], { preventEvent: true })),
    place: (point) => plot.getScreenPosition(point),
    zoom(factor, at = [canvas.clientWidth / 2, canvas.clientHeight / 2]) {
      const x = ((at[0] / canvas.clientWidth) * 2 - 1) * aspect();
      camera.scale([factor, factor], [x, 1 - (at[1] / canvas.clientHeight) * 2]);
    },
    pan: (dx, dy) => camera.pan([(dx / canvas.clientWidth) * 2 * aspect(), (-dy / canvas.clientHeight) * 2]),
    all: () => plot.zoomToLocation([0, 0], ROOM, { transition: !still() }),
    go: (points) => plot.zoomToPoints(points, { padding: 0.3, transition: !still() }),
    theme: () => plot.set(themeColours()),
  };
  touch(canvas, map);
  return map;
}

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function themeColours() {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  return { backgroundColor: dark ? "#211f1e" : "#ffffff", pointColorHover: dark ? "#ffffff" : "#000000" };
}

/** Let one finger move the map and two zoom it; a tap arrives as a click. */
function touch(canvas, map) {
  const fingers = new Map();
  const where = (event) => [event.offsetX, event.offsetY];
  const middle = () => {
    const [a, b = a] = [...fingers.values()];
    return { at: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], apart: Math.hypot(a[0] - b[0], a[1] - b[1]) };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") fingers.set(event.pointerId, where(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = middle();
    fingers.set(event.pointerId, where(event));
    const after = middle();
    map.pan(after.at[0] - before.at[0], after.at[1] - before.at[1]);
    if (fingers.size > 1 && before.apart > 0) map.zoom(after.apart / before.apart, after.at);
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
    canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
}

/** Draw the same without WebGL: all points at once, no zoom. */
async function flatMap(canvas, xs, ys, on) {
  const context = canvas.getContext("2d");
  const size = pointSize(xs.length);
  let [codes, colours, visible, marked] = [null, [], null, null];
  const side = () => Math.min(canvas.clientWidth, canvas.clientHeight) / 2 / ROOM;
  const place = (point) => [canvas.clientWidth / 2 + xs[point] * side(), canvas.clientHeight / 2 - ys[point] * side()];
  const each = (act) => (visible ? visible.forEach(act) : xs.forEach((_, point) => act(point)));
  const paint = () => {
    if (!codes) return;
    const ratio = devicePixelRatio;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    context.scale(ratio, ratio);
    each((point) => {
      const [x, y] = place(point);
      const half = point === marked ? size : size / 2;
      context.fillStyle = colours[codes[point]];
      context.fillRect(x - half, y - half, 2 * half, 2 * half);
    });
  };
  const nearest = (event) => {
    let [found, least] = [null, 12];
    each((point) => {
      const [x, y] = place(point);
      const distance = Math.hypot(x - event.offsetX, y - event.offsetY);
      if (distance < least) [found, least] = [point, distance];
    });
    return found;
  };
  canvas.addEventListener("mousemove", (event) => on.hover(nearest(event)));
  canvas.addEventListener("mouseleave", () => on.hover(null));
  canvas.addEventListener("click", (event) => {
    const point = nearest(event);
    if (point !== null) on.choose(point);
  });
  new ResizeObserver(paint).observe(canvas);
  const nothing = () => {};
  return {
    zooms: false, place, zoom: nothing, pan: nothing, all: nothing, go: nothing, theme: paint,
    async draw(newCodes, newColours) { [codes, colours] = [newCodes, newColours]; paint(); },
    show(points) { visible = points; paint(); },
    mark(point) { marked = point; paint(); },
  };
}
