"""Compare the answers of files on this device with those where they were packed; needs numpy and a TFLite runtime.
python3 check.py               the packed files: equal, close, or WRONG and the likeliest cause
python3 check.py other.tflite  a file that should answer as a packed one does, such as the one in your program
python3 check.py mine.npy      an output that your program got for pictures/00.jpg: right, or the mistake in it"""

import sys
from itertools import permutations, product
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


def likeness(right: np.ndarray, found: np.ndarray, usual: np.ndarray) -> float:  # 1: equal; about 0.3: unrelated
    if right.shape != found.shape:
        return 0.0
    sizes = [float(np.sqrt(((a - b) ** 2).sum())) for a, b in ((right * 1.0, found), (right, usual), (found, usual))]
    return 1 - sizes[0] / (sizes[1] + sizes[2] or 1)


def judge(packed: dict, found: list) -> tuple:  # how alike to what is packed, the verdict, and what it is most like
    orders, best = [*permutations(range(packed["outputs"]), len(found))], (0.0, "WRONG", "damaged, or a wrong runtime")
    for (number, what), order in product(enumerate(packed["names"]), orders):  # first what is right, then mistakes
        pairs = [(packed[f"{number}.{order[n]}"][: len(of)], of) for n, of in enumerate(found)]
        alike = min(likeness(*pairs[n], packed[f"usual.{place}"]) for n, place in enumerate(order))
        right = number < packed["right"] and sorted(order) == [*order]
        if alike >= packed["close"] and alike > best[0] + (0 if right else 0.01):
            apart = max(abs(expected * 1.0 - given).max() for expected, given in pairs)
            verdict = "WRONG" if not right else "close" if apart else "equal"
            best = alike, verdict, f"{what}, outputs {order}, {apart:.3g} apart"
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
