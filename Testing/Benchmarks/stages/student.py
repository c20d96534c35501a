"""The stages of the student, by the functions that do them."""

from __future__ import annotations

from stages.recorder import Probe

_ENGINE, _GRID = "engines.student", "engines.model_grid"
_DECODER, _GENERATOR = "networks.decoder:MultiScaleDecoder", "networks.deformation_features:DeformationFeatures"
_UNIT, _CONVOLUTION = "networks.convolution:ConvolutionUnit.forward", "networks.convolution:Convolution.forward"
_BLOCK = "networks.convolution:ConvolutionBlock.forward"
_REFINEMENT = "networks.refinement:Refinement.forward"

PROBES = [
    # prepare
    Probe(f"{_ENGINE}:StudentEngine.prepare", "the rest", container="prepare"),
    Probe("engines.protocol:require_pair", "checks", "prepare"),
    Probe("volumes:IntensityRange.of", "intensity range", "prepare"),
    Probe("volumes:IntensityRange.normalise", "scaling to [0, 1]", "prepare"),
    Probe("engines.region:region_of_change", "region of change", "prepare"),
    Probe("registration.grids:coarsen", "coarsening", "prepare"),
    Probe("networks.encoder:Encoder.forward", "encoder: the rest", container="encoder", full_size=True),
    Probe(_UNIT, "encoder unit", "encoder", per_scale=True),
    # a further frame
    Probe(f"{_ENGINE}:PreparedStudent.at_many", "the rest", container="frame"),
    Probe(f"{_GRID}:StudentOnPair._decode", "maps put together", container="maps", passed=("_encoded",)),
    Probe(f"{_DECODER}.forward", "decoder: the rest", container="decoder", full_size=True),
    Probe(f"{_DECODER}._gather", "decoder: gather and blend", "decoder", per_scale=True),
    Probe(f"{_DECODER}._integrate", "decoder: scaling and squaring", "decoder", per_scale=True),
    Probe("networks.deformation_fusion:DeformationFusion.forward", "decoder: DFM", "decoder", per_scale=True),
    Probe("spatial:warp", "decoder: warp of features", "decoder", per_scale=True),
    Probe("spatial:resize_field", "decoder: fields resized", "decoder", per_scale=True),
    Probe("spatial:integrate_velocity", "decoder: scaling and squaring", "decoder", per_scale=True),
    Probe(f"{_GENERATOR}.forward", "DFGen: joined", container="DFGen", per_scale=True),
    Probe(_UNIT, "DFGen: unit", "DFGen", per_scale=True),
    Probe("networks.time_modulation:TimeModulation.forward", "DFGen: modulation", "DFGen", per_scale=True),
    Probe("spatial:resize", "DFGen: coarser feature resized", "DFGen", per_scale=True),
    Probe(_CONVOLUTION, "DFGen: head", "DFGen", per_scale=True),
    Probe("networks.synthesis:synthesise", "synthesis: the rest", container="synthesis"),
    Probe("spatial:warp", "synthesis: warp of volumes", "synthesis"),
    Probe("spatial:resize_field", "synthesis: fields resized", "synthesis"),
    Probe(_REFINEMENT, "refinement: joined and pooled", container="refinement", full_size=True),
    Probe(_UNIT, "refinement: unit", "refinement", per_scale=True),
    Probe(_BLOCK, "refinement: judge", "refinement"),
    Probe(_CONVOLUTION, "refinement: judge", "refinement"),
    Probe("spatial:resize", "refinement: resized", "refinement", per_scale=True),
    Probe(f"{_ENGINE}:PreparedStudent._render", "render: blend", container="render"),
    Probe("slabs:as_image", "render: voxels read", "render"),
    Probe("engines.region:soft_edge", "render: soft edge", "render"),
    Probe("spatial:identity_grid", "render: points", "render"),
    Probe("spatial:sample", "render: sampling", "render"),
    Probe("slabs:resize_slab", "render: maps resized", "render"),
    Probe("slabs:displacement_in_slab", "render: maps resized", "render"),
    Probe("volumes:to_scalar_type", "render: rounding", "render"),
    Probe(f"{_ENGINE}:PreparedStudent._fields", "both fields in mm", "frame"),
]
