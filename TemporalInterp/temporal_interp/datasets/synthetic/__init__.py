"""Synthetic lessons: random bodies in random motion, with exact truth, so that no patient is needed to learn from."""

from temporal_interp.datasets.synthetic.lessons import SyntheticLessons
from temporal_interp.datasets.synthetic.settings import SyntheticSettings
from temporal_interp.datasets.synthetic.subject import SyntheticSubject, make_subject

__all__ = ["SyntheticLessons", "SyntheticSettings", "SyntheticSubject", "make_subject"]
