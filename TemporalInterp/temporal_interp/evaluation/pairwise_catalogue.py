"""The methods of the tracking table by name, for callers that let the user choose."""

from __future__ import annotations

from collections.abc import Mapping

from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation import pairwise_nmsr, pairwise_syn
from temporal_interp.evaluation.pairwise_demons import diffeomorphic_demons, fast_symmetric_demons
from temporal_interp.evaluation.pairwise_methods import Identity, PairByPair, PairwiseMethod

SYN_SETTINGS: dict[str, Mapping[str, object]] = {"syn_default": pairwise_syn.ANTS_DEFAULTS, "syn": pairwise_syn.PAPER}
DEMONS = {"demons": fast_symmetric_demons, "diffeomorphic_demons": diffeomorphic_demons}
METHOD_NAMES = ("identity", *DEMONS, *SYN_SETTINGS, *pairwise_nmsr.NAMES)
"""Names that `create_method` knows, in the order of the table."""


def available_method_names() -> tuple[str, ...]:
    """Return the methods that can be used on this machine: SyN needs the package antspyx."""
    have_ants = pairwise_syn.is_available()
    return tuple(name for name in METHOD_NAMES if have_ants or name not in SYN_SETTINGS)


def create_method(name: str, *, device: str = "cpu") -> PairwiseMethod:
    """Return the method of that name.

    Args:
        name: one of METHOD_NAMES.
        device: where NMSR computes; the others run only on the CPU.

    Raises:
        InvalidInputError: there is no method of that name, or it needs a package that is not installed.
    """
    if name == "identity":
        return Identity()
    if name in DEMONS:
        return PairByPair(name, DEMONS[name])
    if name in SYN_SETTINGS:
        return PairByPair(name, pairwise_syn.syn(SYN_SETTINGS[name]))
    if name in pairwise_nmsr.NAMES:
        return pairwise_nmsr.Nmsr(name, device)
    raise InvalidInputError(f"There is no method '{name}'; choose one of {', '.join(METHOD_NAMES)}.")
