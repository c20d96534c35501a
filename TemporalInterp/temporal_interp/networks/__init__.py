"""TM-MSDF: temporal modulated multi-scale deformation fusion (Zhang et al., MICCAI 2025), teacher and student."""

from temporal_interp.networks.context import Context
from temporal_interp.networks.settings import LARGE, SMALL, NetworkSettings
from temporal_interp.networks.student import Student
from temporal_interp.networks.synthesis import Synthesis
from temporal_interp.networks.teacher import Teacher

__all__ = ["LARGE", "SMALL", "Context", "NetworkSettings", "Student", "Synthesis", "Teacher"]
