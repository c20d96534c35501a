"""Sizes of networks, against counts by hand."""

from dataclasses import replace

import pytest

from temporal_interp.networks import LARGE, NetworkSettings, Student, Teacher
from temporal_interp.networks.size import network_size


def test_weights_are_those_of_the_network():
    settings = NetworkSettings(widths=(4, 8))
    expected = sum(weights.numel() for weights in Student(settings).parameters())
    assert network_size(Student, settings, (1, 16, 16)).parameters == expected


@pytest.mark.parametrize(("shape", "kernel"), [((1, 16, 20), 9), ((4, 16, 20), 27)])
def test_operations_are_those_of_the_convolutions(shape, kernel):
    """One scale without refinement: encoder, DFGen and head of a teacher, on a whole grid each."""
    settings = NetworkSettings(widths=(4,), refinement="none", swap_symmetric=False)
    voxels = shape[0] * shape[1] * shape[2]
    encoder = 3 * (1 * 4 + 4 * 4)  # three volumes, two convolutions
    decoder = 12 * 4 + 4 * 4 + 4 * 6
    assert network_size(Teacher, settings, shape).multiply_adds == kernel * voxels * (encoder + decoder)


def test_the_sizes_in_the_documentation():
    sizes = {
        (kind.__name__, name): network_size(kind, settings, (32, 128, 128))
        for kind in (Teacher, Student)
        for name, settings in (("paper", NetworkSettings.paper()), ("ours", replace(NetworkSettings(), widths=LARGE)))
    }
    counted = {key: (round(s.parameters / 1e6, 1), round(s.multiply_adds / 1e9)) for key, s in sizes.items()}
    assert counted == {
        ("Teacher", "paper"): (7.1, 119),
        ("Teacher", "ours"): (7.1, 177),
        ("Student", "paper"): (11.8, 174),
        ("Student", "ours"): (7.3, 168),
    }
