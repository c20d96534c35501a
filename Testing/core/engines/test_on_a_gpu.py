"""Every engine on a GPU that is pretended: a tensor on the wrong device is an error, as on a real one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from temporal_interp.engines.registry import engine_specs

ENGINES = [
    name
    for spec in engine_specs().values()
    for name in (spec.name, *(f"{spec.name}:{variant}" for variant in spec.variants))
    if spec.needs_torch
]

KINDS = {"slices": (2, 10.0), "volume": (8, 1.5)}
"""Number of slices, and mm between them."""

PROGRAM = """
import json, sys, traceback
from dataclasses import replace

import numpy as np
from pretended_gpu import pretended_gpu, register
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.pairs import student
from temporal_interp.engines.registry import create_engine
from temporal_interp.registration import register as registration

fit = registration.fit_velocity
registration.fit_velocity = lambda first, last, spacing, settings, **others: fit(
    first, last, spacing, replace(settings, iterations=(2,) * len(settings.iterations)), **others
)
student.region_of_change = lambda first, last, geometry: tuple(slice(0, n) for n in geometry.shape)  # not of values
register()
slices, spacing = json.loads(sys.argv[1])
frames = np.random.default_rng(0).integers(0, 100, (4, slices, 24, 24), dtype=np.int16)
cine = Sequence.from_numpy(frames, times=[0, 30, 70, 100], spacing=(1.5, 1.5, spacing))
for name in sys.argv[2:]:
    try:
        with pretended_gpu() as device:
            made = create_engine(name, device=device).prepare(cine).at([40.0, 50.0], fields=True)
        shapes = {frame.volume.array.shape for frame in made} | {made[0].displacement_first_to_t.array.shape[:3]}
        print(json.dumps([name, "" if shapes == {(slices, 24, 24)} else str(shapes)]))
    except Exception:
        print(json.dumps([name, traceback.format_exc()]))
"""


@pytest.fixture(scope="module", params=list(KINDS))
def errors(request) -> dict[str, str]:
    """What went wrong with every engine, in a process of its own: PyTorch keeps the device for the rest of one."""
    arguments = [sys.executable, "-c", PROGRAM, json.dumps(KINDS[request.param]), *ENGINES]
    support = Path(__file__).parents[2] / "support"
    done = subprocess.run(arguments, cwd=support, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines()))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_leaves_the_device_but_the_answer(engine, errors):
    assert errors[engine] == ""
