"""The methods of the tracking table by name, for callers that let the user choose."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation import pairwise_nmsr, pairwise_syn
from temporal_interp.evaluation.pairwise_demons import diffeomorphic_demons, fast_symmetric_demons
from temporal_interp.evaluation.pairwise_methods import Identity, PairByPair, PairwiseMethod

SYN_SETTINGS: dict[str, Mapping[str, object]] = {"syn_default": pairwise_syn.ANTS_DEFAULTS, "syn": pairwise_syn.PAPER}
DEMONS = {"demons": fast_symmetric_demons, "diffeomorphic_demons": diffeomorphic_demons}
METHOD_NAMES = ("identity", *DEMONS, *SYN_SETTINGS, *pairwise_nmsr.NAMES)
"""Names that `create_method` knows, in the order of the table."""


def default_method_names() -> tuple[str, ...]:
    """Return what is compared where nobody chooses: SyN where antspyx is installed, and not what needs hours or a
    network to start from."""
    left_out = {name for name in pairwise_nmsr.NAMES if name.endswith(pairwise_nmsr.PAPER)}
    left_out |= {*pairwise_nmsr.START_NEEDED} | (set() if pairwise_syn.is_available() else {*SYN_SETTINGS})
    return tuple(name for name in METHOD_NAMES if name not in left_out)


def create_method(
    name: str, *, device: str = "cpu", start_from: Mapping[str, torch.Tensor] | None = None
) -> PairwiseMethod:
    """Return the method of that name.

    Args:
        name: one of METHOD_NAMES.
        device: where NMSR computes; the others run only on the CPU.
        start_from: weights of the network of a tracking, for NMSR_V.

    Raises:
        InvalidInputError: there is no method of that name, or it needs a package or a network that is not there.
    """
    if name == "identity":
        return Identity()
    if name in DEMONS:
        return PairByPair(name, DEMONS[name])
    if name in SYN_SETTINGS:
        return PairByPair(name, pairwise_syn.syn(SYN_SETTINGS[name]))
    if name in pairwise_nmsr.NAMES:
        if name in pairwise_nmsr.START_NEEDED and start_from is None:
            raise InvalidInputError(f"The method '{name}' starts from a network: add --start-from FILE.")
        return pairwise_nmsr.Nmsr(name, device, start_from)
    raise InvalidInputError(f"There is no method '{name}'; choose one of {', '.join(METHOD_NAMES)}.")
