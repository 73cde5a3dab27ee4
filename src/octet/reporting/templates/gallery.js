// Draws marks over the gallery's pictures, as the controls choose them, and opens one picture on a click.
"use strict";
(() => {
  const FIRST = 12; // pictures that are shown before all are asked for
  const LETTERS = 12; // px
  const { colours, pictures, unfound } = JSON.parse(document.getElementById("gallery-content").textContent);
  if (!pictures.length) return;
  const [truth, ...models] = Object.keys(pictures[0].marks).sort((a, b) => place(a) - place(b));
  const controls = document.getElementById("controls");
  const home = controls.nextElementSibling;
  const tiles = [...document.querySelectorAll("#gallery .tile")];
  const all = document.getElementById("all");
  const viewer = document.getElementById("viewer");
  const stage = viewer.querySelector(".tile");
  let listed = []; // indices of the pictures that the filters let through
  let opened = null; // index of the picture in the viewer
  let every = false;

  function place(source) {
    return [...document.getElementsByName("source")].findIndex((box) => box.value === source);
  }

  // The marks of a picture that the toggles and the score let through, each with its source and its kind.
  function marksOf(picture, { shown, score }) {
    const judge = models.filter((model) => shown.includes(model)).pop() ?? models[models.length - 1];
    const found = new Set(
      picture.marks[judge].filter((mark) => mark.kind === "right" && mark.score >= score).map((mark) => mark.truth),
    );
    const told = picture.marks[truth].map((mark, index) =>
      mark.kind === "right" && !found.has(index) ? { ...mark, kind: unfound } : mark,
    );
    const of = (source) => (source === truth ? told : picture.marks[source].filter((mark) => mark.score >= score));
    return shown.flatMap((source) => of(source).map((mark) => ({ ...mark, source })));
  }

  function chosen() {
    const { label, kind, score } = controls.elements;
    // What a model does not say is told by the ground truth alone.
    if (kind.value === unfound) for (const box of controls.elements.source) box.checked ||= box.value === truth;
    const shown = [...controls.elements.source].filter((box) => box.checked).map((box) => box.value);
    return { shown, score: Number(score?.value ?? 0), label: label.value, kind: kind.value };
  }

  // What is there and found: told by the model's own box, wherever one is shown.
  const isPlain = (mark, choice) => mark.box && mark.source === truth && mark.kind === "right" && choice.shown.length > 1;

  const wanted = (mark, choice) =>
    (!choice.label || mark.label === choice.label) && (!choice.kind || mark.kind === choice.kind);

  // Whether a filter lets a picture through, by one of its marks or by a kind of its own.
  const matches = (picture, marks, choice) =>
    marks.some((mark) => wanted(mark, picture.kinds.includes(choice.kind) ? { ...choice, kind: "" } : choice));

  function element(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // What is there is right, whatever a model says of it; that of a whole picture shows no other kind of itself.
  const hasNoKind = (mark) => mark.kind === "right" || (!mark.box && mark.source === truth);

  const caption = (mark) =>
    [hasNoKind(mark) ? "" : `${mark.kind}:`, mark.label, mark.score === null ? "" : mark.score.toFixed(2)]
      .filter(Boolean)
      .join(" ");

  // On the picture a box tells by its line whose it is; what is said of the whole picture tells it in words.
  const captionThere = (mark, brief) =>
    mark.box ? caption(mark) : [`${mark.source}: ${caption(mark)}`, ...(mark.rest && !brief ? [mark.rest] : [])].join(", ");

  function draw(svg, picture, marks, choice) {
    svg.replaceChildren();
    for (const mark of marks) {
      if (!mark.box) continue;
      const [x, y, width, height] = mark.box;
      const line = mark.source === truth ? 0 : models.indexOf(mark.source) + 1;
      const group = element("g", {
        "data-source": mark.source, "data-kind": mark.kind, "data-label": mark.label,
        class: !wanted(mark, choice) ? "mark faded" : isPlain(mark, choice) ? "mark faint-mark" : "mark",
      });
      // Drawn twice: a dark edge keeps the colour apart from whatever the picture shows.
      for (const edge of [true, false]) {
        const stroke = edge ? "#000" : mark.source === truth && mark.kind === "right" ? "#fff" : colours[mark.kind];
        group.append(element("rect", { x, y, width, height, stroke, class: edge ? "edge" : `line-${line}` }));
      }
      svg.append(group);
    }
  }

  // Captions over the boxes, and of the whole picture in its corner, each moved down until it covers no other.
  function write(svg, [width, height], marks, brief) {
    if (!svg.clientWidth) return; // in a window that has no room for pictures
    const unit = Math.max(width / svg.clientWidth, height / svg.clientHeight); // of the picture, a pixel of the screen
    const high = (LETTERS + 4) * unit;
    const aside = (svg.clientWidth * unit - width) / 2; // what there is beside a narrow picture
    const taken = [];
    for (const mark of marks) {
      const text = element("text", { "font-size": LETTERS * unit }, captionThere(mark, brief));
      const ground = element("rect", { fill: mark.source === truth ? "#fff" : colours[mark.kind], class: "ground" });
      svg.append(ground, text);
      const wide = text.getComputedTextLength() + 6 * unit;
      const [left, top] = mark.box ?? [0, high];
      const x = Math.max(-aside, Math.min(left, width + aside - wide));
      let y = Math.max(0, top - high);
      const covers = (other) => x < other.x + other.wide && other.x < x + wide && y < other.y + high && other.y < y + high;
      for (let other; (other = taken.find(covers)) && other.y + 2 * high < height; ) y = other.y + high + unit / 8;
      taken.push({ x, y, wide });
      for (const [key, value] of Object.entries({ x, y, width: wide, height: high })) ground.setAttribute(key, value);
      text.setAttribute("x", x + 3 * unit);
      text.setAttribute("y", y + LETTERS * unit);
    }
  }

  function show(index) {
    opened = index;
    const [picture, choice] = [pictures[index], chosen()];
    const [width, height] = picture.size;
    const marks = marksOf(picture, choice);
    viewer.querySelector("h3").textContent = `${picture.title} (${listed.indexOf(index) + 1} of ${listed.length})`;
    stage.style.setProperty("--ratio", width / height);
    stage.querySelector("img").src = tiles[index].querySelector("img").src;
    stage.querySelector("img").alt = picture.title;
    const svg = stage.querySelector("svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    draw(svg, picture, marks, choice);
    const told = marks.filter((mark) => !mark.box || (wanted(mark, choice) && !isPlain(mark, choice)));
    write(svg, picture.size, told, false);
    viewer.querySelector("ol").replaceChildren(
      ...told
        .sort((a, b) => (b.score ?? 2) - (a.score ?? 2))
        .map((mark) => {
          const line = document.createElement("li");
          line.style.borderColor = mark.source === truth && hasNoKind(mark) ? "" : colours[mark.kind];
          const small = [mark.rest, mark.source].filter(Boolean);
          line.append(
            caption(mark),
            ...small.map((textContent) => Object.assign(document.createElement("small"), { textContent })),
          );
          return line;
        }),
    );
  }

  function update() {
    const choice = chosen();
    if (controls.elements.at) controls.elements.at.value = choice.score.toFixed(2);
    const marks = pictures.map((picture) => marksOf(picture, choice));
    const filtered = choice.label || choice.kind;
    listed = [...pictures.keys()].filter((index) => !filtered || matches(pictures[index], marks[index], choice));
    const visible = new Set(every ? listed : listed.slice(0, FIRST));
    tiles.forEach((tile, index) => {
      tile.hidden = !visible.has(index);
      if (tile.hidden) return;
      const svg = tile.querySelector("svg");
      draw(svg, pictures[index], marks[index], choice);
      write(svg, pictures[index].size, marks[index].filter((mark) => !mark.box), true);
    });
    controls.elements.count.value = `${listed.length} of ${pictures.length} pictures`;
    all.hidden = visible.size === listed.length;
    all.textContent = `Show all ${listed.length} pictures`;
    if (opened !== null) show(opened);
  }

  function open(index) {
    viewer.querySelector("header").after(controls); // a dialog leaves nothing else to click
    viewer.showModal();
    show(index);
  }

  function step(by) {
    const at = listed.indexOf(opened);
    if (listed.length) show(listed[(at < 0 ? 0 : at + by + listed.length) % listed.length]);
  }

  tiles.forEach((tile, index) => tile.addEventListener("click", () => open(index)));
  controls.addEventListener("input", update);
  controls.addEventListener("submit", (event) => event.preventDefault());
  all.addEventListener("click", () => {
    every = true;
    update();
  });
  viewer.addEventListener("close", () => {
    tiles[opened].focus();
    opened = null;
    home.before(controls);
  });
  viewer.addEventListener("click", (event) => {
    const { name } = event.target;
    if (name === "close" || event.target === viewer) viewer.close();
    if (name === "previous") step(-1);
    if (name === "next") step(1);
  });
  viewer.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.target.matches("input, select")) return; // there, arrows change what is chosen
    event.preventDefault();
    step(by);
  });
  window.addEventListener("resize", update);
  controls.hidden = false;
  update();
})();
