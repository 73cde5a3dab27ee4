"""What the demo serves of a recipe beside its page: the models, a few pictures, and what they are."""

from pathlib import Path

from octet.commands.ending.pictures import shown_pictures
from octet.common.files import atomic_folder, require_output, write_json
from octet.recipe.shared.recipe import Recipe
from octet.reporting.drawing import COLOURS
from octet.tflite.running.variants import variant_files

_COMPARED = ("uint8", "float32")  # the first is what ships
_SAMPLES = 6


def demo_files(recipe: Recipe, scratch: Path) -> dict[str, Path]:
    """The files by the paths of their addresses; those that are not there yet are written to `scratch`."""
    models = variant_files(Path("models", recipe.name), recipe.shipped_file)
    files = {f"/{name}.tflite": require_output(models[name], f"convert@{recipe.name}") for name in _COMPARED}
    samples = shown_pictures(recipe)[::2][:_SAMPLES]  # the others are those with most errors
    with atomic_folder(scratch) as folder:
        for number, sample in enumerate(samples):
            (folder / f"sample-{number}.jpg").write_bytes(sample.jpeg)
        about = {
            "name": recipe.convert.about.name,
            "recipe": recipe.name,
            "task": recipe.task,
            "side": recipe.model.input_size,
            "classes": (models["uint8"].with_name("labels.txt")).read_text().splitlines(),
            "colours": ["#" + bytes(colour).hex() for colour in COLOURS],  # as `octet detect` draws the classes
            "models": [{"name": name, "bytes": files[f"/{name}.tflite"].stat().st_size} for name in _COMPARED],
            "samples": [sample.title for sample in samples],
        }
        write_json(folder / "about.json", about)
    return files | {f"/{file.name}": file for file in scratch.iterdir()}
