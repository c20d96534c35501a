"""A command line that adds slices whose voxels are known: it only repeats those that are there."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from temporal_interp.data.volume import Volume
from temporal_interp.io import read_sequence, write_sequence
from temporal_interp.slices.add_slices import slice_attributes
from temporal_interp.slices.slice_grid import closer_slices


class RepeatedSlices:
    """In place of the command line: every added slice repeats the acquired one before it; keeps what it was asked."""

    def __init__(self) -> None:
        self.arguments: list[str] = []
        self.sequence = None

    def __call__(self, arguments):
        yield 0.5, "training"
        self.arguments = list(arguments)
        given = dict(zip(arguments[3::2], arguments[4::2], strict=False))
        factor = int(given["--factor"])
        self.sequence = sequence = read_sequence(Path(arguments[2]))
        volumes = [
            Volume(np.repeat(v.array, factor, axis=0)[: 1 - factor], closer_slices(v.geometry, factor))
            for v in sequence.volumes
        ]
        kept = "--all-synthetic" not in arguments
        marks = slice_attributes(factor, keep_acquired=kept, source={"SliceModel": given["--quality"]})
        write_sequence(replace(sequence, volumes=volumes, item_attributes=[marks] * len(volumes)), Path(given["-o"]))
        return {"output": given["-o"]}
