"""Slice networks and trainings that take a moment."""

from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings, SliceTrainingSettings

TINY = {
    "slice_network": SliceNetworkSettings(features=2, blocks=1),
    "pixel_network": PixelNetworkSettings(width=12, groups=1, blocks=2),
}
LEARNING = SliceTrainingSettings(slices=9, side=24, batch=8, learning_rate=5e-3)
QUICK = SliceTrainingSettings(steps=3, slices=5, side=12, batch=2)
