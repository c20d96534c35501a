"""Scores of the frames and the motion of a network on the fixed samples of a source."""

from __future__ import annotations

from collections.abc import Callable

import torch

from temporal_interp.data.training_sample import SampleSource
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.networks import Student, Synthesis, Teacher
from temporal_interp.tensors import metrics
from temporal_interp.tensors.spatial import fold_rate
from temporal_interp.training.datasets.batch import Batch, DrawnSamples, ValidationSampler
from temporal_interp.training.objective import finest_motion_error
from temporal_interp.training.stage import psnr_and_gain

Synthesise = Callable[[Batch], Synthesis]
"""Synthesises the frames of a batch."""


SHORT_GAP = 4
"""Most frames between the endpoints of a short gap: of a cine without three of four frames."""


def score(
    synthesise: Synthesise,
    samples: SampleSource,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    progress: Progress = no_progress,
) -> dict[str, float]:
    """Return mean scores over the samples that a training with this seed would validate on, one of every subject.

    Samples are scored one by one, so that they may differ in shape, and in float32.

    Args:
        synthesise: to be scored.
        samples: source of the samples.
        seed: of the draws; equal seeds give equal samples.
        device: where to compute.
        progress: receives the progress; may raise CancelledError.

    Returns:
        By name: psnr in dB; gain, in dB over the linear blend; ncc, ssim and nmse_x100 as in `metrics`,
        SSIM in 3D for stacks and in 2D for single slices; fold_rate, share of voxels where the finest fields fold
        space; gain_short_gaps and gain_long_gaps, the gain of the samples whose endpoints lie up to `SHORT_GAP` frames
        apart, and of the others, where a sample tells; epe_voxels, mean end-point error in voxels of the finest fields,
        where a sample knows its true motion.
        A measure is the mean over the samples that have it; one that none has is left out.

    Raises:
        InvalidInputError: there are no samples, or they cannot be drawn.
    """
    if len(samples) == 0:
        raise InvalidInputError("There are no samples to score on; give at least one subject for them.")
    drawn, keys = DrawnSamples(samples, seed), ValidationSampler(len(samples))
    scored = []
    with torch.inference_mode():
        for number, key in enumerate(keys, 1):
            sample = drawn[key]
            batch = Batch.of([sample]).to(device)
            measures = _measures(synthesise(batch), batch)
            if sample.gap is not None:
                measures["gain_short_gaps" if sample.gap <= SHORT_GAP else "gain_long_gaps"] = measures["gain"]
            scored.append(measures)
            progress(number / len(keys), f"scored {number} of {len(keys)} samples")
    return metrics.mean_measures(scored)


def synthesise_with(network: Teacher | Student, *, context: bool = True) -> Synthesise:
    """Return a function that synthesises a batch with a network: a teacher sees the target, a student does not.

    Args:
        network: to synthesise with.
        context: show a student the frames around, where the batch has such.
    """
    if isinstance(network, Teacher):
        return lambda batch: network(batch.first, batch.last, batch.target, batch.t)
    return lambda batch: network(batch.first, batch.last, batch.t, batch.context if context else None)


def linear_blend(batch: Batch) -> Synthesis:
    """Synthesise a batch as (1 - t) first + t last: nothing moves."""
    t = batch.t.view(-1, 1, 1, 1, 1)
    ends = torch.cat([batch.first, batch.last])
    volume = (1 - t) * batch.first + t * batch.last
    no_motion = torch.zeros_like(ends).expand(-1, 3, -1, -1, -1)
    weights = torch.cat([1 - t, 0 * t, t, 0 * t], dim=1).expand(-1, -1, *ends.shape[2:])
    return Synthesis(volume, [no_motion], [ends], weights, torch.zeros_like(volume))


def _measures(made: Synthesis, batch: Batch) -> dict[str, float]:
    """Return the scores of a batch of one sample."""
    psnr, gain = psnr_and_gain(made, batch)
    image = made.volume.float().view_as(batch.target)[0, 0].cpu().numpy()
    truth = batch.target[0, 0].cpu().numpy()
    measures = {
        "psnr": float(psnr),
        "gain": float(gain),
        "ncc": metrics.local_ncc(image, truth),
        "ssim": metrics.ssim_2d(image, truth) if len(truth) == 1 else metrics.ssim_3d(image, truth),
        "fold_rate": fold_rate(made.displacements[-1]),
    }
    if truth.any():  # not defined for a black frame
        measures["nmse_x100"] = 100 * metrics.nmse(image, truth)
    if batch.displacements is not None:
        measures["epe_voxels"] = float(finest_motion_error(made, batch.displacements))
    return measures
