"""Tries the files of a recipe on one runtime after the other: each answer is compared, scored and judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.common.errors import UserError
from octet.common.weights import load_weights
from octet.data.reading.pictures import picture_batches
from octet.data.reading.records import read_class_names
from octet.devices.comparing import difference, verdict
from octet.devices.litert import REFERENCE
from octet.devices.protocol import AbsentError, Answers, RefusedError, Runtime, Trial
from octet.devices.results import Row
from octet.measuring.bootstrap import draw_resamples
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.tflite.files.conversion import to_float
from octet.tflite.running.running import Runner, require_runnable
from octet.tflite.running.tensors import dequantized

RAW, FLOAT_RAW = "uint8_raw", "float32_raw"
_RESAMPLES = 500


@dataclass(frozen=True)
class _Score:
    """The recipe's headline metric on the pictures, and on resamples of them: [R], the same for all answers."""

    value: float
    resampled: NDArray[np.float64]


@dataclass(frozen=True)
class _Reference:
    """What the reference answers with a file, and how the file's outputs are read."""

    trial: Trial
    answers: Answers
    details: Sequence[Mapping[str, Any]]  # of the outputs, as the interpreter tells them
    score: _Score


class Trials:
    """All trials of a recipe's files on the same pictures."""

    def __init__(self, recipe: Recipe, files: Mapping[str, Path], records: Path, training: Path, scratch: Path) -> None:
        """`records` hold the pictures to try, and `training` those to find ranges with; `files` are by variant."""
        self._recipe, self._files, self._scratch = recipe, files, scratch.resolve()
        self._classes = read_class_names(records)
        self._predicting = registry.predicting(recipe, records)
        self._scoring = registry.scoring(recipe, self._classes, records)
        side, calibration = recipe.model.input_size, recipe.convert.calibration_pictures
        self._pictures = self._save("pictures", records, "test", side, self._scoring.images)
        self._calibration = self._save("calibration", training, "train", side, calibration)
        self._draws = draw_resamples(self._scoring.images, _RESAMPLES, seed=0)
        self._references: dict[str, _Reference] = {}

    def row(self, runtime: Runtime, variant: str) -> Row:
        """One row of the table: whatever a runtime does, it is a row."""
        known: dict[str, Any] = {"runtime": runtime.name, "file": variant}
        known |= {"arch": runtime.arch, "kernels": runtime.kernels}
        try:
            reference = self._reference(variant)
            folder = self._scratch / runtime.name / variant
            folder.mkdir(parents=True, exist_ok=True)
            answers = runtime.run(replace(reference.trial, scratch=folder))
        except AbsentError as error:
            return Row(**known, status="absent", why=str(error))
        except RefusedError as error:
            return Row(**known, status="refused", why=str(error))
        known |= {"version": answers.version, "milliseconds": answers.milliseconds}
        known |= {"memory": answers.memory, "notes": answers.notes}
        found = None
        if answers.same_form:
            found = difference(answers.outputs, reference.answers.outputs, self._steps(reference))
        if isinstance(found, str):
            return Row(**known, status="wrong", why=found)
        score = self._score(variant, answers, reference.details)
        highest = float(np.percentile(score.resampled - reference.score.resampled, 97.5))
        status, why = verdict(found, score.value - reference.score.value, highest)
        same, steps = (found.same_bytes, found.max_steps) if found else (None, None)
        return Row(**known, same_bytes=same, max_steps=steps, score=score.value, status=status, why=why)

    def _save(self, name: str, records: Path, split: str, side: int, count: int) -> Path:
        """The first pictures of a split as uint8 [N, S, S, 3], in a file."""
        path = self._scratch / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, next(picture_batches(records, split, side, count).as_numpy_iterator()))
        return path

    def _reference(self, variant: str) -> _Reference:
        """A variant's reference; the first call makes it, and a file that does not run is a UserError."""
        if variant not in self._references:
            self._references[variant] = self._refer(variant)
        return self._references[variant]

    def _refer(self, variant: str) -> _Reference:
        folder = self._scratch / "reference" / variant
        folder.mkdir(parents=True, exist_ok=True)
        file = self._float_raw(folder) if variant == FLOAT_RAW else self._files[variant]
        runner = Runner(require_runnable(file, f"convert@{self._recipe.name}"))
        inputs = folder / "inputs.npy"
        np.save(inputs, runner.as_input(np.load(self._pictures)))
        trial = Trial(
            file=file.resolve(),
            inputs=inputs,
            pictures=self._pictures,
            calibration=self._calibration,
            outputs=len(runner.output_details),
            labels=tuple(self._classes),
            scratch=folder,
        )
        try:
            answers = REFERENCE.run(trial)
        except (AbsentError, RefusedError) as error:
            raise UserError(
                f"{file}: {REFERENCE.name}, which all others are compared with, did not run: {error}"
            ) from None
        return _Reference(trial, answers, runner.output_details, self._score(variant, answers, runner.output_details))

    def _float_raw(self, folder: Path) -> Path:
        """The float network with the outputs of uint8_raw: compilers that quantize by themselves take nothing else."""
        weights = Path("models", self._recipe.name, "float", "weights.h5")
        if not weights.exists():
            raise AbsentError(f"{weights} is missing, from which the file is made: run `dvc repro` or `make pull`")
        network = registry.network(self._recipe, self._classes).build()
        load_weights(network, weights, f"train_float@{self._recipe.name}")
        file = folder / f"{FLOAT_RAW}.tflite"
        file.write_bytes(to_float(registry.shipping(self._recipe, self._classes).trace_raw(network)))
        return file

    def _steps(self, reference: _Reference) -> Sequence[float | None]:
        """The size of a step of each output: 1 of an integer; of a float that uint8_raw has too, the step there."""
        floats: Sequence[float | None] = [None] * len(reference.details)
        if reference.trial.file.stem == FLOAT_RAW:
            floats = [details["quantization"][0] for details in self._reference(RAW).details]
        return [
            1 if np.issubdtype(details["dtype"], np.integer) else size
            for details, size in zip(reference.details, floats, strict=True)
        ]

    def _score(self, variant: str, answers: Answers, details: Sequence[Mapping[str, Any]]) -> _Score:
        outputs: tuple[NDArray[Any], ...] = answers.outputs
        if answers.same_form:
            outputs = tuple(dequantized(codes, of) for codes, of in zip(outputs, details, strict=True))
        file = self._files[RAW if variant == FLOAT_RAW else variant]  # arrays to read outputs with lie beside it
        predictions = self._predicting.collect(self._predicting.read_outputs(file, [outputs]))
        matched = self._scoring.match_predictions(predictions)
        exact = self._scoring.exact_metrics(matched)[self._recipe.headline]
        return _Score(exact, self._scoring.resampled_metrics(matched, self._draws)[self._recipe.headline])
