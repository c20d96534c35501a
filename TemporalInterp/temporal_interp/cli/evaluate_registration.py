"""temporal-interp evaluate-registration: how well labels overlap after registration, as in the tables of NeVF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import DeviceOption, ForceOption, JsonOption
from temporal_interp.cli.outputs import folder_output, require_outputs
from temporal_interp.cli.register_labels import LabelInterpolation
from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors.devices import choose_device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from temporal_interp.evaluation.labelled_images import LabelledPair
    from temporal_interp.evaluation.registration_table import PairScore

DEFAULT = ("start", "demons", "velocity_grid")


def evaluate_registration(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|PAIRS.csv",
            help="Images with labels: OASIS as Neurite or Learn2Reg give it, Mindboggle101, folders 'images' and "
            "'labels' with the same names in both, or NAME.nii.gz beside NAME_seg.nii.gz. Or a table with the columns "
            "fixed, fixed_labels, moving, moving_labels.",
        ),
    ],
    methods: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            metavar="NAME",
            help="A registration to compare; may be repeated. start (the affine transform alone), demons, "
            "diffeomorphic_demons, syn_default, syn and syn_nevf (ANTs with its defaults, and with the settings of "
            "NMSR and of NeVF; need antspyx), velocity_grid and neural (as `register` and `register --neural`), nevf "
            "(the paper) and nevf_voxels (a vector for every voxel in place of its network). Ours take options, as in "
            "nevf:stride=4, nevf:iterations=80 or nevf:order=integrate-first. Default: start, demons, velocity_grid.",
        ),
    ] = None,
    atlases: Annotated[
        list[str] | None,
        typer.Option("--atlas", metavar="NAME", help="An image that the others are registered to; default: the first."),
    ] = None,
    most: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, help="Register only the first N images to each atlas.")
    ] = None,
    affine: Annotated[
        bool,
        typer.Option("--affine/--no-affine", help="Begin with an affine transform, or take images as they lie."),
    ] = True,
    label_interpolation: Annotated[
        LabelInterpolation,
        typer.Option(help="The nearest voxel's label, or the strongest of labels that are interpolated one by one."),
    ] = LabelInterpolation.NEAREST,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Write the table, all scores, and a plot of Dice against time there."
        ),
    ] = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Score registrations by the labels of images.

    Every moving image is registered to an atlas by every method, its labels are warped along, and the overlap with
    those of the atlas (Dice) is averaged over structures, then over pairs. Figures that were published for OASIS and
    Mindboggle101 stand in a table of their own.
    """
    require_outputs(folder_output(output), inputs=[data], force=force)

    from temporal_interp.evaluation.registration_literature import SOURCE, quoted_rows
    from temporal_interp.evaluation.registration_methods import registration_method
    from temporal_interp.evaluation.registration_table import evaluate_registration as run
    from temporal_interp.evaluation.registration_table import pair_rows, summary
    from temporal_interp.evaluation.report import REGISTRATION, as_table
    from temporal_interp.io.atomic import atomic_folder

    console, where = Console(json), choose_device(device)
    names = list(dict.fromkeys(methods or DEFAULT))
    chosen = {name: registration_method(name, device=where) for name in names}
    layout, pairs = _pairs(data, atlases or [], most)
    with console.progress("Registering") as progress:
        scores = run(
            pairs,
            chosen,
            affine=affine,
            linear_labels=label_interpolation is LabelInterpolation.LINEAR,
            device=where,
            progress=progress,
        )
    rows, quoted = summary(scores), quoted_rows(layout)
    tables: list[RenderableType] = [
        as_table(
            rows,
            REGISTRATION,
            title=f"{data.name}: {len(pairs)} pairs, {_structures(scores)} structures",
            caption="Dice: mean over structures, then mean ± standard deviation over pairs. Wall time on this machine.",
        )
    ]
    if quoted:
        tables.append(as_table(quoted, REGISTRATION, title="As published, not measured here", caption=SOURCE))
    shown = list(tables)
    if output is not None:
        with atomic_folder(output, overwrite=True) as folder:
            _write(tables, rows, pair_rows(scores), folder)
        shown.append(f"table.txt, summary.csv, scores.csv with every pair and structure, and dice.png are in {output}.")
    console.result({"input": data, "output": output, "layout": layout, "summary": rows, "published": quoted}, *shown)


def _pairs(data: Path, atlases: list[str], most: int | None) -> tuple[str, list[LabelledPair]]:
    """Return the layout and the pairs of a folder or of a table."""
    from temporal_interp.evaluation.labelled_images import atlas_pairs, find_labelled_images, read_pairs

    if not data.is_file():
        layout, images = find_labelled_images(data)
        return layout, atlas_pairs(images, atlases, most)
    if atlases or most is not None:
        raise InvalidInputError("--atlas and --count choose images of a folder; a table names its pairs itself.")
    return "plain", read_pairs(data)


def _structures(scores: Sequence[PairScore]) -> int:
    return len({label for score in scores for label in score.dice})


def _write(
    tables: Sequence[RenderableType], rows: Sequence[dict[str, Any]], pairs: Sequence[dict[str, Any]], folder: Path
) -> None:
    from temporal_interp.evaluation.report import as_text, write_csv
    from temporal_interp.figures.dice_over_time import save_dice_over_time

    (folder / "table.txt").write_text(as_text(tables), encoding="utf-8")
    write_csv(rows, folder / "summary.csv")
    write_csv(pairs, folder / "scores.csv")
    save_dice_over_time(rows, folder / "dice.png")
