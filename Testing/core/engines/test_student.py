"""The engine of the student: settings that make no sense are refused."""

import pytest

from temporal_interp.engines.student import StudentEngine
from temporal_interp.errors import InvalidInputError


@pytest.mark.parametrize("setting", [{"precision": "float16"}, {"max_voxels": 0}])
def test_settings_that_make_no_sense_are_refused(known_student, setting):
    with pytest.raises(InvalidInputError):
        StudentEngine(known_student(), **setting)
