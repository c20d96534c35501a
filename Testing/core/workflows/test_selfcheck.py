import numpy as np
import pytest

from temporal_interp.engines.blend import LinearBlend
from temporal_interp.workflows import selfcheck as module
from temporal_interp.workflows.selfcheck import AGREES, selfcheck

SMALL = (2, 16, 16)


class Brighter(LinearBlend):
    """Adds a share of the intensity range to every synthetic frame."""

    def __init__(self, share):
        self.share = share

    def prepare(self, sequence, **options):
        prepared = super().prepare(sequence, **options)
        at = prepared.at

        def brighter(times, **options):
            made = at(times, **options)
            for frame in made if isinstance(made, list) else []:  # a single one is asked for as a list, too
                frame.volume.array[:] += np.uint16(round(self.share * np.ptp(frame.volume.array)))
            return made

        prepared.at = brighter
        return prepared


def test_every_engine_is_measured_on_the_cpu():
    [check] = selfcheck("cpu", ["linear_blend"], shape=SMALL)
    assert check.engine == "linear_blend"
    assert check.agrees
    assert check.memory_mb is None
    assert min(check.prepare_s, check.one_s, check.eight_s) > 0


@pytest.mark.parametrize(("share", "agrees"), [(0.0, True), (AGREES / 2, True), (10 * AGREES, False)])
def test_a_device_that_gives_other_frames_is_found(monkeypatch, share, agrees):
    engines = {"cpu": LinearBlend(), "mps": Brighter(share)}
    monkeypatch.setattr(module, "create_engine", lambda name, device: engines[device])
    monkeypatch.setattr(module, "_wait_for", lambda device: None)
    [check] = selfcheck("mps", ["linear_blend"], shape=SMALL)
    assert check.agrees is agrees
    assert check.difference == pytest.approx(share, abs=0.002)
