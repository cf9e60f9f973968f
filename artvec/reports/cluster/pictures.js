"use strict";
// A row's picture: from the page, else from the folder of thumbnails, else from its source, else its name.

const embedded = JSON.parse(document.getElementById("pictures").textContent);
const gone = new Set(page.gone);
const PER_FOLDER = 1000;

/** Return the link to a row's file; bytes of a name that are no text are written \xNN in its path. */
function sourceOf(path) {
  const escaped = (part) => encodeURIComponent(part).replace(/%5Cx([89a-f][0-9a-f])/g, "%$1");
  return page.source + path.split("/").map(escaped).join("/");
}

function placesOf(row, path) {
  if (gone.has(row)) return [];
  const places = [];
  if (row in embedded) places.push(`data:image/webp;base64,${embedded[row]}`);
  if (page.thumbnails) places.push(`${page.thumbnails}${Math.floor(row / PER_FOLDER)}/${row}.webp`);
  if (page.source) places.push(sourceOf(path));
  return places;
}

/** Show a row's picture in an image element; `missing` is called where no place has it. */
function load(image, row, path, missing) {
  const places = placesOf(row, path);
  const next = () => {
    if (places.length) image.src = places.shift();
    else missing();
  };
  image.onerror = next;
  next();
}

/** Fill a frame with a row's picture, or with its name. */
function frame(element, row, path) {
  const image = new Image();
  image.alt = path;
  element.replaceChildren(image);
  load(image, row, path, () => {
    const name = document.createElement("p");
    name.textContent = `${path} is not there`;
    element.replaceChildren(name);
  });
}

for (const button of document.querySelectorAll("button.picture")) {
  const image = button.querySelector("img");
  const path = image.alt;
  load(image, Number(button.dataset.row), path, () => {
    const name = document.createElement("span");
    name.className = "gone";
    name.textContent = path;
    image.replaceWith(name);
  });
}
