"""What the names of series tell: the phase of a breath or a beat, and whether they are no cine for their own sake."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"(?P<value>\d+(?:[.,]\d+)?)"

_METHOD = r"(?:asir|aidr|idose|safire|admire|clear|karl|veo|mbir|dlir|fbp|blend|ss)(?:[-\s]*v)?"
_BLENDS = (
    re.compile(rf"{_METHOD}[\s:=_-]*\d+\s*%", re.IGNORECASE),
    re.compile(rf"\d+\s*%\s*{_METHOD}\b", re.IGNORECASE),
)
"""Percentages that say how a reconstruction is blended, as in "ASIR-V 40%"."""

_BREATH = r"(in|ex)(?:sp|p|spir|piration|spiration|hale|halation)?(?![a-z])"

_PERCENT = re.compile(
    rf"(?:(?<![a-z]){_BREATH}[\s_]*)?(?<![\d.,])(?P<range>\d+\s*-\s*)?"
    rf"(?:(?<![a-z])t[\s_]*=?\s*|(?:(?<![a-z])ph|phase)[\s_:=.#-]*)?"
    rf"{_NUMBER}\s*(?:[%\uFF05]|pct|percent|perc(?![a-z])|prozent)(?:[\s_]*{_BREATH})?",
    re.IGNORECASE,
)

_NAMED = (
    re.compile(rf"(?:(?<![a-z])ph|phase)[\s_:=.#-]*{_NUMBER}", re.IGNORECASE),
    re.compile(r"(?<![a-z\d])t[\s_=]*(?P<value>0|\d{2,3})(?![\d.])", re.IGNORECASE),
)
"""Phases without a percent sign: "Phase 20", "T20"; T1 and T2 are weightings of MR."""

_AUXILIARY = {
    "MIP": r"mip|maximum\s+intensity",
    "MinIP": r"min[-\s]?ip",
    "average": r"ai?p|avg|ave|average[ds]?|ave[-\s]?ip|mean|mittel(?:wert)?|moyenne",
    "localiser": r"locali[sz]ers?|scout|survey|topogram|scanogram",
}
_AUXILIARY_TYPES = {
    "MIP": {"MIP", "MAXIMUM", "MAX_IP"},
    "MinIP": {"MINIP", "MINIMUM", "MIN_IP"},
    "average": {"AVERAGE", "MEAN", "AVG", "AIP"},
    "localiser": {"LOCALIZER"},
}


@dataclass(frozen=True)
class NamedPhase:
    """The phase in the name of a series.

    Attributes:
        value: the number.
        percent: whether it has a percent sign.
        breath: "in" or "ex" where it is said of inspiration or expiration, else "".
        rest: the name without it, in lower case.
    """

    value: float
    percent: bool
    breath: str
    rest: str


def named_phase(description: str) -> NamedPhase | None:
    """Return the phase that the name of a series gives, None where it gives none.

    Example:
        >>> named_phase("Thorax 4D B30f 33% Ex")
        NamedPhase(value=33.0, percent=True, breath='ex', rest='thorax 4d b30f')
        >>> named_phase("Gated 20,0 %, ASIR 40%").value
        20.0
        >>> named_phase("t1_twist_dyn") is None
        True
    """
    cleaned = description
    for blend in _BLENDS:
        cleaned = blend.sub(lambda found: " " * len(found[0]), cleaned)  # places stay those in the description
    match = next((found for found in _PERCENT.finditer(cleaned) if not found["range"]), None)
    percent = match is not None
    if match is None:
        match = next((found for pattern in _NAMED if (found := pattern.search(cleaned))), None)
    if match is None:
        return None
    value = _float(match["value"])
    breath = (match[1] or match[4] or "").lower() if percent else ""
    if value > 100:
        return None
    rest = f"{description[: match.start()]} {description[match.end() :]}"
    return NamedPhase(value, percent, breath, _plain(rest))


def family(description: str) -> str:
    """Return what the names of series of one acquisition share: without the phase and without numbers.

    Example:
        >>> family("Gated, 10.0%") == family("Gated, 20.0%"), family("cine_sa_1") == family("cine_sa_2")
        (True, True)
    """
    return re.sub(r"\d+(?:[.,]\d+)?", "#", kin(description))


def kin(description: str) -> str:
    """Return the name of a series without the phase in it; other numbers, such as that of the kernel, stay."""
    phase = named_phase(description)
    return _plain(description) if phase is None else phase.rest


def auxiliary_kind(description: str, image_type: tuple[str, ...]) -> str:
    """Return of what kind a series is that serves others: MIP, MinIP and average of them, localiser; "" of any other.

    Example:
        >>> auxiliary_kind("AIP 0-80%", ()), auxiliary_kind("cine_sa", ("ORIGINAL", "PRIMARY"))
        ('average', '')
    """
    types = {part.upper() for part in image_type}
    words = re.sub(r"[_\W]+", " ", description.lower())
    for kind, pattern in _AUXILIARY.items():
        if types & _AUXILIARY_TYPES[kind] or re.search(rf"\b(?:{pattern})\b", words):
            return kind
    return ""


def _float(number: str) -> float:
    return float(number.replace(",", "."))


def _plain(name: str) -> str:
    return " ".join(name.lower().split()).strip(" ,;:_-")
