// Finds things in a dropped picture or in the camera's, with MediaPipe Tasks Vision, and draws them.
import { FilesetResolver, ObjectDetector } from "/runtime/vision_bundle.mjs";

const LEAST = 0.05; // what scores less is never asked for; the slider chooses among the rest
const COLOURS = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"];

const at = (id) => document.getElementById(id);
const canvas = at("canvas");
const pen = canvas.getContext("2d");
const video = at("video");

let detector;
let mode = "IMAGE";
let shown = null; // what is on the canvas: a picture, or the camera
let detections = [];
const colours = new Map();

function colourOf(label) {
  if (!colours.has(label)) colours.set(label, COLOURS[colours.size % COLOURS.length]);
  return colours.get(label);
}

function say(text, trouble = false) {
  at("status").textContent = text;
  at("status").classList.toggle("trouble", trouble);
}

// Whether it could be looked at.
async function see(picture, width, height) {
  const wanted = picture === video ? "VIDEO" : "IMAGE";
  let result;
  const start = performance.now();
  try {
    if (wanted !== mode) await detector.setOptions({ runningMode: wanted });
    mode = wanted;
    result = wanted === "VIDEO" ? detector.detectForVideo(picture, start) : detector.detect(picture);
  } catch (error) {
    say(`The model stumbled: ${error.message}`, true);
    return false;
  }
  say("");
  at("time").textContent = `${(performance.now() - start).toFixed(1)} ms`;
  // It makes one of all detections that have the same box.
  detections = result.detections.flatMap(({ boundingBox: box, categories }) => categories.map((category) => ({
    label: category.categoryName,
    score: category.score,
    box: [box.originX, box.originY, box.originX + box.width, box.originY + box.height],
  })));
  shown = picture;
  canvas.width = width;
  canvas.height = height;
  at("hint").hidden = true;
  draw();
  return true;
}

function draw() {
  if (!shown) return;
  const { width, height } = canvas;
  pen.drawImage(shown, 0, 0, width, height);
  const unit = Math.max(width, height) / 400;
  pen.lineWidth = Math.max(2, unit);
  pen.font = `${Math.max(12, 9 * unit)}px system-ui, sans-serif`;
  pen.textBaseline = "top";
  const chosen = detections.filter(({ score }) => score >= at("score").valueAsNumber);
  for (const { label, score, box: [left, top, right, bottom] } of chosen) {
    pen.strokeStyle = pen.fillStyle = colourOf(label);
    pen.strokeRect(left, top, right - left, bottom - top);
    const caption = `${label} ${score.toFixed(2)}`;
    const high = Math.max(12, 9 * unit) * 1.25;
    const y = Math.max(0, top - high);
    pen.fillRect(left, y, pen.measureText(caption).width + 8, high);
    pen.fillStyle = "#000";
    pen.fillText(caption, left + 4, y + 2);
  }
  at("found").replaceChildren(...chosen.map(({ label, score, box }) => {
    const line = document.createElement("li");
    line.textContent = `${label} ${score.toFixed(2)}`;
    line.dataset.label = label;
    line.dataset.score = score;
    line.dataset.box = JSON.stringify(box);
    return line;
  }));
}

async function open(file) {
  await stop();
  let picture;
  try {
    picture = await createImageBitmap(file); // turned as its EXIF says
  } catch {
    say(`${file.name} is not a picture that this browser can show.`, true);
    return;
  }
  if (await see(picture, picture.width, picture.height)) at("found").dataset.of = file.name;
}

async function stop() {
  if (!video.srcObject) return;
  if (shown === video && video.videoWidth) shown = await createImageBitmap(video); // what is on the canvas stays
  for (const track of video.srcObject.getTracks()) track.stop();
  video.srcObject = null;
  at("camera").textContent = "Use the camera";
}

async function toggleCamera() {
  if (video.srcObject) return stop();
  at("camera").disabled = true; // while somebody is asked
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch (error) {
    say(`The camera cannot be used: ${error.message}.`, true);
    return;
  } finally {
    at("camera").disabled = false;
  }
  await video.play();
  at("camera").textContent = "Stop the camera";
  const next = async () => {
    if (!video.srcObject) return;
    if (await see(video, video.videoWidth, video.videoHeight)) requestAnimationFrame(next);
  };
  next();
}

at("file").addEventListener("change", ({ target }) => {
  if (target.files[0]) open(target.files[0]);
  target.value = ""; // so that the same file can be opened again
});
at("camera").addEventListener("click", toggleCamera);
at("score").addEventListener("input", () => {
  at("least").textContent = at("score").valueAsNumber.toFixed(2);
  draw();
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    const [file] = kind === "drop" ? event.dataTransfer.files : [];
    if (file && detector) open(file);
  });
}

try {
  detector = await ObjectDetector.createFromOptions(await FilesetResolver.forVisionTasks("/runtime/wasm"), {
    baseOptions: { modelAssetPath: "/model.tflite", delegate: "CPU" },
    scoreThreshold: LEAST,
    runningMode: mode,
  });
  at("camera").disabled = at("file").disabled = false;
  say("Ready.");
} catch (error) {
  say(`The model cannot be run here: ${error.message}`, true);
}
