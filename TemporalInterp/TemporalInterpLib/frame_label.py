"""The name of a frame where it is shown."""

from __future__ import annotations

from slicer.i18n import tr as _

from TemporalInterpLib.short_time import short_time


def frame_label(time: float, unit: str, *, is_synthetic: bool) -> str:
    """Return the name of a frame: what it is comes first, since slice views shorten long names in the middle.

    Args:
        time: of the frame.
        unit: of the time.
        is_synthetic: whether it is not acquired.

    Example:
        >>> frame_label(116.5, "ms", is_synthetic=True)
        'SYNTHETIC 116.5 ms'
    """
    value = short_time(time, unit)
    return _("SYNTHETIC {time}").format(time=value) if is_synthetic else _("acquired {time}").format(time=value)
