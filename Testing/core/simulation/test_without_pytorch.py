"""The sample cine is drawn in a 3D Slicer that has no PyTorch yet."""

import subprocess
import sys

SCRIPT = """
import sys
sys.modules["torch"] = None
from temporal_interp.simulation import BeatingHeart, coronal_slice, BreathingLung, make_heart_cine, make_lung_cine
from temporal_interp.simulation import short_axis_slice
from temporal_interp.simulation.random_bodies import random_heart
heart = BeatingHeart()
make_heart_cine(heart, short_axis_slice(heart), [0.0]).motion_truth()
make_lung_cine(BreathingLung(), coronal_slice(), [0.0])
"""


def test_phantoms_are_drawn_without_pytorch():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
