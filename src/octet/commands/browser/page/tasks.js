// What differs between tasks: the runtime's object, and how its results become answers, the highest score first.
import { ImageClassifier, ObjectDetector } from "/runtime/vision_bundle.mjs";

const byScore = (answers) => answers.sort((one, other) => other.score - one.score);

// An answer has a label and a score; a detection also has a box: left, top, right, bottom in the picture's pixels.
export const TASKS = {
  detection: {
    create: (runtime, options, least) => ObjectDetector.createFromOptions(runtime, { ...options, scoreThreshold: least }),
    run: (detector, picture, time) =>
      time === null ? detector.detect(picture) : detector.detectForVideo(picture, time),
    // It makes one of all detections that have the same box.
    answers: ({ detections }) => byScore(detections.flatMap(({ boundingBox: box, categories }) =>
      categories.map(({ categoryName, score }) => ({
        label: categoryName,
        score,
        box: [box.originX, box.originY, box.originX + box.width, box.originY + box.height],
      })))),
  },
  classification: {
    create: (runtime, options) => ImageClassifier.createFromOptions(runtime, { ...options, maxResults: 3 }),
    run: (classifier, picture, time) =>
      time === null ? classifier.classify(picture) : classifier.classifyForVideo(picture, time),
    answers: ({ classifications: [{ categories }] }) =>
      byScore(categories.map(({ categoryName, score }) => ({ label: categoryName, score }))),
  },
};
