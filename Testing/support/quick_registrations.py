"""Settings that fit in a moment, and an image of a disc to fit."""

from dataclasses import replace

import torch

from stand_ins import centred, textured_disc
from temporal_interp.registration.settings import NetworkField, VelocitySettings

FAST = VelocitySettings(max_voxels=20_000, levels=(2, 1), iterations=(40, 40), window=7, window_stride=2)
FAST_NETWORK = replace(
    VelocitySettings.neural(), field=NetworkField(width=32, layers=4, extent=1.0, stride=2.0), max_voxels=20_000,
    levels=(2, 1), iterations=(40, 40), learning_rate=2e-3, folding=10.0, squaring_steps=4, patience=0,
)  # fmt: skip
HARDLY = replace(FAST, iterations=(2, 2))


def image(shape, shift=0.0):
    return torch.from_numpy(textured_disc(centred(shape) - shift)).float()[None, None]
