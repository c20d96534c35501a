"""Synthesises the frames between the acquired frames of 4D medical images.

The core of TemporalInterp: it knows nothing of 3D Slicer and runs wherever PyTorch does.
"""

__version__ = "0.1.0"
