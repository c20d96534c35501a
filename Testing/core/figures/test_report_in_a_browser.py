"""A report in a real browser: wide, narrow, dark; it is drawn, and nothing is cut off or sticks out."""

import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from drawn_sequences import beating_square
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.evaluation.evaluate import evaluate
from temporal_interp.evaluation.hold_out import every
from temporal_interp.figures.check_report import save_check_report
from temporal_interp.figures.report_pictures import GROUNDS

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
DARK = "--blink-settings=preferredColorScheme=0"
PADDING = 14
"""Pixels; the page has 16, into which letters reach by one."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    cine = beating_square(count=5, shape=(2, 40, 50), k=1)
    made = evaluate(cine, every(cine, 2), [LinearBlend()], patient="a_long_name_" * 12, keep_worst=1)
    save_check_report(cine, made, folder / "report.html")
    frame = '<body style="margin:0"><iframe src="report.html" style="width:360px;height:2400px;border:0"></iframe>'
    (folder / "narrow.html").write_text(frame)
    return folder


@pytest.fixture(scope="module")
def shot(folder):
    """Draws a page; returns (rows, columns, RGB)."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"no browser to look at the report with: none of {', '.join(BROWSERS)} is installed")

    def draw(page, size, *options):
        target = folder / "shot.png"
        target.unlink(missing_ok=True)
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *options]
        command += [f"--user-data-dir={folder / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND"]
        command += [f"--window-size={size[0]},{size[1]}", f"--screenshot={target}", (folder / page).as_uri()]
        subprocess.run(command, capture_output=True, timeout=120, check=True)
        return np.asarray(Image.open(target).convert("RGB")).astype(int)

    return draw


def rgb(colour):
    colour = {"white": "#ffffff"}.get(colour, colour)
    return np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)])


def is_ground(pixels, colour):
    return (np.abs(pixels - rgb(colour)) <= 2).all(axis=-1)


@pytest.mark.parametrize(("ground", "options"), [("light", ()), ("dark", (DARK,))])
def test_it_follows_the_theme_and_shows_everything(shot, ground, options):
    pixels = shot("report.html", (1200, 2400), *options)
    colour, ink = GROUNDS[ground]
    empty = is_ground(pixels, colour)
    assert empty[:, :60].all()
    assert empty[:, -60:].all()
    assert 0.5 < empty.mean() < 0.98
    assert is_ground(pixels, ink).any()  # letters
    assert (np.abs(pixels - rgb("#0072B2")).max(axis=-1) <= 4).any()  # the curve of the blend
    assert (np.abs(pixels - rgb("#E69F00")).max(axis=-1) <= 4).any()  # SYNTHETIC
    filled = np.flatnonzero(~empty.all(axis=1))
    assert filled[0] < 60
    assert filled[-1] > 1200


def test_nothing_sticks_out_on_a_telephone(shot):
    pixels = shot("narrow.html", (500, 2400))
    empty = is_ground(pixels, GROUNDS["light"][0])
    assert empty[:, :PADDING].all()
    assert empty[:, 360 - PADDING : 360].all()
    assert not empty[:, PADDING : 360 - PADDING].all()
