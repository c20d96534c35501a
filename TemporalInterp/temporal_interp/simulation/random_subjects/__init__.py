"""Synthetic samples: random bodies in random motion, with exact truth, so that no patient is needed to learn from."""

from temporal_interp.simulation.random_subjects.samples import SimulatedSamples
from temporal_interp.simulation.random_subjects.settings import SyntheticSettings
from temporal_interp.simulation.random_subjects.subject import SyntheticSubject, make_subject

__all__ = ["SimulatedSamples", "SyntheticSettings", "SyntheticSubject", "make_subject"]
