"""The name of a frame where it is shown."""

from __future__ import annotations

from slicer.i18n import tr as _


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


def short_time(value: float, unit: str | None = "") -> str:
    """Return a time with its unit in few digits, of which neighbouring frames differ.

    >>> short_time(100 / 3, "ms"), short_time(36000123.25, "ms"), short_time(12.0)
    ('33.33 ms', '36000123.2 ms', '12')
    """
    text = f"{value:.4g}" if abs(value) < 100 else f"{value:.1f}".removesuffix(".0")
    return f"{text} {unit or ''}".strip()
