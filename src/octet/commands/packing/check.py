"""Compare the answers of files on this device with those where they were packed; needs numpy and a TFLite runtime.
python3 check.py               the packed files: equal, close, or WRONG and the likeliest cause
python3 check.py other.tflite  a file that should answer as a packed one does, such as the one in your program
python3 check.py mine.npy      an output that your program got for pictures/00.jpg: right, or which mistake makes it so
"""

import sys
from itertools import permutations
from pathlib import Path

import numpy as np


def run(file: str, pictures: np.ndarray) -> list:  # each output of the file for all pictures: [N, ...]
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tflite_runtime.interpreter import Interpreter
    model = Interpreter(model_path=file, num_threads=1)
    (entry,), exits, answers = model.get_input_details(), model.get_output_details(), []
    if entry["dtype"] != np.uint8 or list(entry["shape"][1:]) != list(pictures.shape[1:]):
        raise ValueError(f"input type: it takes {entry['dtype'].__name__} {entry['shape']}, not the packed raw pixels")
    model.allocate_tensors()
    for picture in pictures:
        model.set_tensor(entry["index"], picture[None])
        model.invoke()
        answers.append([model.get_tensor(output["index"])[0] for output in exits])
    return [np.stack([answer[n] for answer in answers]) for n in range(len(exits))]


def likeness(a: np.ndarray, b: np.ndarray) -> float:  # 1: the same but for their scale; 0: unrelated
    varied = a.shape == b.shape and a.std() and b.std()
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1] if varied else np.array_equal(a, b))


def judge(packed: dict, found: list) -> tuple:  # how alike to what is packed, the verdict, and what it is most like
    best = 0.0, "WRONG", "no usual mistake: another or a damaged file, or a runtime that computes wrongly"
    for number, what in enumerate(packed["names"]):  # first what is right, with several kernels; then the mistakes
        for order in permutations(range(packed["outputs"]), len(found)):
            pairs = [(packed[f"{number}.{order[n]}"][: len(of)], of) for n, of in enumerate(found)]
            alike, right = min(likeness(*of) for of in pairs), number < packed["right"] and sorted(order) == [*order]
            if right and all(expected.tobytes() == given.tobytes() for expected, given in pairs):
                return 1.0, "equal", what
            if alike >= packed["close"] and alike > best[0] + 0.01:
                apart = max(abs(expected * 1.0 - given).max() for expected, given in pairs)
                best = alike, "close" if right else "WRONG", f"{what}, outputs {order}, {apart:.3g} apart"
    return best


if __name__ == "__main__":
    here, verdicts = Path(__file__).resolve().parent, []
    packed, pictures = [dict(np.load(file)) for file in sorted(here.glob("*.npz"))], np.load(here / "pictures.npy")
    for file in sys.argv[1:] or sorted(map(str, here.glob("*.tflite"))):
        try:
            found = [np.load(file).squeeze()[None]] if file.endswith(".npy") else run(file, pictures)
            verdicts.append(max(judge(answers, found) for answers in packed))
        except (OSError, RuntimeError, ValueError) as error:
            verdicts.append((0.0, "WRONG", error))
        print(file, *verdicts[-1][1:], sep=": ")
    sys.exit(any(verdict == "WRONG" for _, verdict, _ in verdicts))
