// One model's view of what is looked at: it runs the model, times it, draws what it finds and lists it.
import { TASKS } from "/tasks.js";

const LEAST = 0.05; // what scores less is never asked for; the slider chooses among the rest
const WARM_UP = 3; // runs before the first that counts: the first ones compile and allocate
const TIMED = 30; // the last runs, whose median is told
const SMALLEST = 640; // px; a picture whose longer side is shorter is enlarged, to make room for letters
const LETTERS = 15; // px, of a canvas whose longer side is SMALLEST
const GAP = 4; // px between a caption's letters and its edge

export class Pane {
  constructor(name, about, place) {
    this.name = name;
    this.task = TASKS[about.task];
    this.section = place.appendChild(document.getElementById("pane").content.cloneNode(true).firstElementChild);
    this.section.dataset.model = name;
    this.canvas = this.section.querySelector("canvas");
    this.list = this.section.querySelector(".found");
    this.about = about;
    const size = about.models.find((model) => model.name === name)?.bytes;
    this.section.querySelector("h2").textContent = size ? `${name}, ${(size / 1e6).toFixed(2)} MB` : name;
    this.mode = "IMAGE";
    this.answers = [];
    this.times = [];
  }

  async load(runtime) {
    const options = { baseOptions: { modelAssetPath: `/${this.name}.tflite`, delegate: "CPU" }, runningMode: this.mode };
    this.model = await this.task.create(runtime, options, LEAST);
    const blank = document.createElement("canvas");
    blank.width = blank.height = this.about.side ?? 64;
    blank.getContext("2d").fillRect(0, 0, blank.width, blank.height);
    for (let run = 0; run < WARM_UP; run++) this.task.run(this.model, blank, null);
  }

  // Runs the model on a picture or, where `time` is given, on the frame that a video shows at that time.
  async look(picture, width, height, time = null) {
    const wanted = time === null ? "IMAGE" : "VIDEO";
    if (wanted !== this.mode) {
      await this.model.setOptions({ runningMode: wanted });
      this.mode = wanted;
      this.times = [];
    }
    const start = performance.now();
    const result = this.task.run(this.model, picture, time);
    this.times = [...this.times.slice(1 - TIMED), performance.now() - start];
    this.answers = this.task.answers(result);
    const scale = Math.max(1, Math.ceil(SMALLEST / Math.max(width, height)));
    this.shown = { picture, width, height, scale };
    this.tellTime();
  }

  tellTime() {
    const sorted = [...this.times].sort((one, other) => one - other);
    const median = sorted[Math.floor(sorted.length / 2)];
    const many = sorted.length > 1 ? `, median of ${sorted.length}` : "";
    this.section.querySelector(".time").textContent = `${median.toFixed(1)} ms, ${Math.round(1000 / median)} a second${many}`;
  }

  colourOf(label) {
    const { classes, colours } = this.about;
    return colours[Math.max(0, classes.indexOf(label)) % colours.length];
  }

  draw(least) {
    if (!this.shown) return;
    const { picture, width, height, scale } = this.shown;
    const { canvas } = this;
    canvas.hidden = false;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d");
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const chosen = this.answers.filter(({ score }) => score >= least);
    const taken = [];
    const boxed = chosen.filter(({ box }) => box);
    for (const answer of boxed) this.outline(pen, answer, scale);
    for (const answer of boxed) taken.push(this.write(pen, answer, scale, taken));
    this.list.replaceChildren(...chosen.map(({ label, score, box }) => {
      const line = document.createElement("li");
      line.textContent = `${label} ${score.toFixed(2)}`;
      line.style.setProperty("--colour", this.colourOf(label));
      Object.assign(line.dataset, { label, score, ...(box && { box: JSON.stringify(box) }) });
      return line;
    }));
  }

  outline(pen, { label, box }, scale) {
    const [left, top, right, bottom] = box.map((side) => side * scale);
    pen.lineWidth = Math.max(2, Math.max(pen.canvas.width, pen.canvas.height) / 300);
    pen.strokeStyle = this.colourOf(label);
    pen.strokeRect(left, top, right - left, bottom - top);
  }

  // Writes a caption where it covers the fewest others, whole inside the picture; returns the place that it covers.
  write(pen, { label, score, box }, scale, taken) {
    const [left, top, right, bottom] = box.map((side) => side * scale);
    const letters = LETTERS * Math.max(1, Math.max(pen.canvas.width, pen.canvas.height) / SMALLEST);
    pen.font = `${letters}px system-ui, sans-serif`;
    pen.textBaseline = "middle";
    const caption = `${label} ${score.toFixed(2)}`;
    const [wide, high] = [pen.measureText(caption).width + 2 * GAP, letters * 1.3];
    const places = [left, right - wide].flatMap((x) => [top - high, bottom, top, bottom - high].map((y) => ({
      x: Math.max(0, Math.min(x, pen.canvas.width - wide)),
      y: Math.max(0, Math.min(y, pen.canvas.height - high)),
    })));
    const shared = (one, other) =>
      Math.max(0, Math.min(one.x + wide, other.x + other.wide) - Math.max(one.x, other.x)) *
      Math.max(0, Math.min(one.y, other.y) + high - Math.max(one.y, other.y));
    const covered = places.map((place) => taken.reduce((sum, other) => sum + shared(place, other), 0));
    const place = { ...places[covered.indexOf(Math.min(...covered))], wide };
    pen.fillStyle = this.colourOf(label);
    pen.fillRect(place.x, place.y, wide, high);
    pen.fillStyle = isDark(this.colourOf(label)) ? "#fff" : "#000";
    pen.fillText(caption, place.x + GAP, place.y + high / 2);
    return place;
  }
}

function isDark(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}
