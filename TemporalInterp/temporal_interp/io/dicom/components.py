"""Which component of a complex MR image an image shows."""

from __future__ import annotations

import pydicom

from temporal_interp.io.dicom.entries import text

MAGNITUDE = "magnitude"

COMPONENTS = (MAGNITUDE, "phase", "real", "imaginary")

_TYPES = {
    MAGNITUDE: {"M", "MAG", "MAGNITUDE"},
    "phase": {"P", "PHASE", "PHASE MAP", "V", "VELOCITY", "VELOCITY MAP", "PCA"},
    "real": {"R", "REAL"},
    "imaginary": {"I", "IMAG", "IMAGINARY"},
}
"""Values of Image Type, Frame Type and Complex Image Component; M_FFE and the like of Philips begin with one."""

_GE_COMPONENT = 0x0043102F
"""Private entry of GE: 0 magnitude, 1 phase, 2 real, 3 imaginary."""


def image_component(dataset: pydicom.Dataset, complex_component: str, image_type: tuple[str, ...]) -> str:
    """Return the component that an image shows; what is not said to be another is magnitude.

    Args:
        dataset: header of its file.
        complex_component: Complex Image Component, "" where it is not given.
        image_type: Image Type or Frame Type.
    """
    said = [complex_component, *image_type[2:]] if text(dataset, "Modality") in ("MR", "") else [complex_component]
    for word in said:
        for component, words in _TYPES.items():
            if word.upper() in words or ("_" in word and word.upper().partition("_")[0] in words):
                return component
    return _component_of_ge(dataset)


def _component_of_ge(dataset: pydicom.Dataset) -> str:
    try:
        number = int(dataset[_GE_COMPONENT].value)
    except Exception:  # a private entry can hold anything
        return MAGNITUDE
    is_ge = text(dataset, "Manufacturer").upper().startswith("GE")
    return COMPONENTS[number] if is_ge and number in range(len(COMPONENTS)) else MAGNITUDE
