"""Times in few digits."""

from __future__ import annotations


def short_time(value: float, unit: str | None = "") -> str:
    """Return a time with its unit in few digits, of which neighbouring frames differ.

    >>> short_time(100 / 3, "ms"), short_time(36000123.25, "ms"), short_time(12.0)
    ('33.33 ms', '36000123.2 ms', '12')
    """
    text = f"{value:.4g}" if abs(value) < 100 else f"{value:.1f}".removesuffix(".0")
    return f"{text} {unit or ''}".strip()
