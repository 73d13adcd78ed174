"""Label maps of the same few validation pictures at every validation, so that one can watch them grow sharper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import torch

from fcn_core.data.kept import LabelledPictures, Subset
from fcn_core.data.sample import Sample
from fcn_core.machine.atomic import written_aside
from fcn_core.models.network import Network
from fcn_core.pictures.bands import show_bands
from fcn_core.pictures.images import png_bytes
from fcn_core.training.run_folder.preview_files import PreviewFiles, moments
from fcn_core.weights.preprocessing import Preprocessing


class Previews:
    """The pictures that are watched, and where their label maps go."""

    def __init__(self, folder: Path, data: LabelledPictures | None, count: int) -> None:
        """data: the validation data; None or a count of 0 watches nothing."""
        self.files = PreviewFiles(folder)
        self.pictures = Subset(data, count) if data is not None and count > 0 else None

    def begin(self) -> None:
        """Write the photos and their truth, if they are not there."""
        for name, sample in self._samples():
            photo = show_bands(sample.image, colour=sample.colour)
            self._write(self.files.photo(name), png_bytes(photo))
            self._write(self.files.truth(name), png_bytes(sample.mask))

    def write(self, step: int, model: Network, preprocessing: Preprocessing, *, device: torch.device) -> None:
        """The label map of every head for every picture. The folder appears when it is complete."""
        target = self.files.moment(step)
        if self.pictures is None or target.exists():
            return
        unfinished = target.with_name(f".{target.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        was_training = model.training
        model.eval()
        for name, sample in self._samples():
            with torch.inference_mode():
                logits = model(preprocessing.apply(sample.image)[None].to(device)).logits
            for head, scores in logits.items():
                label_map = scores[0].argmax(0).to(torch.uint8).cpu().numpy()
                (unfinished / f"{name}-{head}s.png").write_bytes(png_bytes(label_map))
        model.train(was_training)
        unfinished.replace(target)

    def forget_after(self, step: int) -> None:
        """Remove what was written behind the checkpoint that a run goes on from; it will be written again."""
        for later in moments(self.files.folder):
            if later > step:
                shutil.rmtree(self.files.moment(later))

    def _samples(self) -> Iterator[tuple[str, Sample]]:
        """(file name, sample) of each picture; names that would not be files of their own are numbered."""
        for number in range(0 if self.pictures is None else len(self.pictures)):
            assert self.pictures is not None
            sample = self.pictures[number]
            plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in sample.name)[:60]
            yield f"{number}-{plain}", sample

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with written_aside(path) as temporary:
                temporary.write_bytes(data)
