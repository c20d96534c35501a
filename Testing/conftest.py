"""What all tests share: where the real images are, and which tests need them."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the real images, so that `-m "not real"` leaves it out, and let slow tests begin.

    A slow test at the end of a parallel run would leave the other workers idle.
    """
    for item in items:
        if {"real_data", "cases"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("real")
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real images, beside the repository or where TEMPORAL_INTERP_TEST_DATA says; skips without it."""
    folder = Path(os.environ.get("TEMPORAL_INTERP_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real images: {folder} is not there (set TEMPORAL_INTERP_TEST_DATA to their folder)")
    return folder


@pytest.fixture(scope="session")
def cases(real_data: Path) -> Path:
    """Folder of small inputs of the kinds that people have, beside that of the real images; skips without it."""
    folder = real_data.parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"no small inputs: {folder} is not there")
    return folder / "files"
