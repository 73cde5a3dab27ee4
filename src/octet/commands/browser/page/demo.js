// Shows what the models find in a sample, in a picture or video that is dropped or opened, or in the camera's.
import { FilesetResolver } from "/runtime/vision_bundle.mjs";
import { Pane } from "/pane.js";

const REPEATED = 10; // runs on a picture, so that its time is a median

const at = (id) => document.getElementById(id);
const video = at("video");
const controls = ["camera", "file", "compare"].map(at);
const panes = [];
let runtime;
let about;
let still = null; // the picture that is looked at, where it is no video

function say(text, trouble = false) {
  at("status").textContent = text;
  at("status").classList.toggle("trouble", trouble);
}

const least = () => at("score").valueAsNumber;

// Whether it could be looked at, by all models in turn.
async function look(picture, width, height, { time = null, runs = 1 } = {}) {
  at("hint").hidden = true;
  try {
    for (let run = 0; run < runs; run++) for (const pane of panes) await pane.look(picture, width, height, time);
  } catch (error) {
    say(`The model stumbled: ${error.message}`, true);
    return false;
  }
  for (const pane of panes) pane.draw(least());
  say("");
  return true;
}

async function show(picture, name) {
  still = picture;
  for (const pane of panes) pane.times = [];
  if (await look(picture, picture.width, picture.height, { runs: REPEATED })) at("panes").dataset.of = name;
}

async function open(file) {
  await stop();
  choose(null);
  if (file.type.startsWith("video/")) return play(file);
  let picture;
  try {
    picture = await createImageBitmap(file); // turned as its EXIF says
  } catch {
    say(`${file.name} is not a picture that this browser can show.`, true);
    return;
  }
  await show(picture, file.name);
}

async function play(file) {
  video.src = URL.createObjectURL(file);
  try {
    await video.play();
  } catch {
    await stop();
    say(`${file.name} is not a video that this browser can show.`, true);
    return;
  }
  watch();
}

async function useCamera() {
  at("camera").disabled = true; // while somebody is asked
  await stop();
  choose(null);
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch (error) {
    say(`The camera cannot be used: ${error.message}.`, true);
    return;
  } finally {
    at("camera").disabled = false;
  }
  await video.play();
  watch();
}

const isPlaying = () => Boolean(video.srcObject || video.src);

function watch() {
  at("stop").hidden = false;
  for (const pane of panes) pane.times = [];
  const next = async () => {
    if (!isPlaying()) return;
    if (await look(video, video.videoWidth, video.videoHeight, { time: performance.now() })) requestAnimationFrame(next);
  };
  next();
}

async function stop() {
  if (!isPlaying()) return;
  if (video.videoWidth) {
    still = await createImageBitmap(video); // what is on the canvases stays
    for (const pane of panes) if (pane.shown) pane.shown.picture = still;
  }
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  if (video.src) URL.revokeObjectURL(video.src);
  video.srcObject = null;
  video.removeAttribute("src");
  at("stop").hidden = true;
}

function choose(button) {
  for (const each of at("samples").children) each.setAttribute("aria-pressed", each === button);
}

function addSample(title, number) {
  const address = `/sample-${number}.jpg`;
  const button = Object.assign(document.createElement("button"), { title, disabled: true });
  button.append(Object.assign(document.createElement("img"), { src: address, alt: title }));
  button.addEventListener("click", async () => {
    await stop();
    choose(button);
    await show(await createImageBitmap(await (await fetch(address)).blob()), title);
  });
  at("samples").append(button);
}

async function addPane(name) {
  const pane = new Pane(name, about, at("panes"));
  try {
    await pane.load(runtime);
  } catch (error) {
    pane.section.remove();
    throw error;
  }
  panes.push(pane);
}

async function toggleComparison({ target }) {
  target.disabled = true;
  try {
    if (target.checked) await addPane("float32");
    else panes.pop().section.remove();
    say("");
  } catch (error) {
    target.checked = false;
    say(`float32 cannot be run here: ${error.message}`, true);
  }
  target.disabled = false;
  if (still && !isPlaying()) await show(still, at("panes").dataset.of);
}

function introduce() {
  const { name, recipe, classes, models, side } = about;
  at("name").textContent = name;
  const sizes = models.map((model) => `${(model.bytes / 1e6).toFixed(2)} MB as ${model.name}`).join(", ");
  at("about").textContent = `The model of ${recipe}, which sees ${side} x ${side} pixels: ${sizes}. ` +
    `It knows ${classes.length} classes: ${classes.join(", ")}. It runs on this page; no picture leaves the machine.`;
  about.samples.forEach(addSample);
}

at("file").addEventListener("change", ({ target }) => {
  if (target.files[0]) open(target.files[0]);
  target.value = ""; // so that the same file can be opened again
});
at("camera").addEventListener("click", useCamera);
at("stop").addEventListener("click", stop);
at("compare").addEventListener("change", toggleComparison);
at("score").addEventListener("input", () => {
  at("least").textContent = least().toFixed(2);
  for (const pane of panes) pane.draw(least());
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    const [file] = kind === "drop" ? event.dataTransfer.files : [];
    if (file && panes.length) open(file);
  });
}

try {
  about = await (await fetch("/about.json")).json();
  introduce();
  runtime = await FilesetResolver.forVisionTasks("/runtime/wasm");
  await addPane("uint8");
  for (const control of [...controls, ...at("samples").children]) control.disabled = false;
  say("Ready.");
} catch (error) {
  say(`The model cannot be run here: ${error.message}`, true);
}
