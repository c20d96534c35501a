"""Times as people read them and type them."""

from __future__ import annotations


def time_text(time: float, unit: str = "") -> str:
    """Return a time, or another index value, with its unit, for messages.

    It has six digits, and four decimals where that is more: frames of a sequence lie further apart than 0.001, so that
    neighbours differ also at large times, such as those of a clock.

    Example:
        >>> time_text(100 / 3, "ms"), time_text(36000123.4), time_text(1.7e9 + 0.04, "s")
        ('33.3333 ms', '36000123.4', '1700000000.04 s')
    """
    plain = 100 <= abs(time) < 1e15
    text = f"{time:.4f}".rstrip("0").rstrip(".") if plain else f"{time:g}"
    return f"{text} {unit}".rstrip()
