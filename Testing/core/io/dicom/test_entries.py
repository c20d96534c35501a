"""Entries of headers as plain values."""

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from temporal_interp.io.dicom.entries import (
    DAY,
    entry,
    integer,
    items,
    milliseconds,
    number,
    numbers,
    odd_values_accepted,
    text,
)


def with_raw(keyword, kind, value):
    """A header with one entry as it lies in a file."""
    dataset = pydicom.Dataset()
    tag = Tag(keyword)
    dataset._dict[tag] = RawDataElement(tag, kind, len(value), value, 0, False, True)
    return dataset


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("DS", b"30.5", 30.5),
        ("DS", b"", None),
        ("DS", b"30\\40 ", None),
        ("DS", b"nan ", None),
        ("DS", b"1e999 ", None),
        ("DS", b"soon", None),
        ("LO", b"30", 30),
        ("US", b"\x1e\x00", 30),
        ("US", b"\x1e", None),
        ("SQ", b"", None),
        ("XX", b"30", None),
    ],
)
def test_a_number_is_one_finite_number(kind, value, found):
    with odd_values_accepted():
        assert number(with_raw("TriggerTime", kind, value), "TriggerTime") == found


def test_a_whole_number_is_whole():
    with odd_values_accepted():
        assert integer(with_raw("InstanceNumber", "IS", b"4 "), "InstanceNumber") == 4
        assert integer(with_raw("InstanceNumber", "DS", b"4.5 "), "InstanceNumber") is None


def test_an_entry_of_another_kind_has_no_value():
    dataset = pydicom.Dataset()
    dataset.SeriesDescription = "  cine "
    assert text(dataset, "SeriesDescription") == "cine"
    assert items(dataset, "SeriesDescription") == []
    assert numbers(dataset, "SeriesDescription") == ()
    assert entry(dataset, "NoSuchKeyword") is None


@pytest.mark.parametrize(
    ("date", "time", "found"),
    [
        ("20000102", "000001.5", DAY + 1500),
        ("2000.01.02", "00:00:01.5", DAY + 1500),
        ("", "000001", 1000),
        ("no date", "000001", 1000),
        ("20001399", "000001", 1000),
        ("20000102", "0000", None),
        ("20000102", "", None),
    ],
)
def test_an_instant_has_a_date_and_a_time(date, time, found):
    dataset = with_raw("AcquisitionDate", "DA", date.encode())
    dataset.update(with_raw("AcquisitionTime", "TM", time.encode()))
    with odd_values_accepted():
        assert milliseconds(dataset, "AcquisitionDate", "AcquisitionTime") == found


def test_date_and_time_may_be_one_entry():
    dataset = with_raw("AcquisitionDateTime", "DT", b"20000102000001.5&+0100")
    with odd_values_accepted():
        assert milliseconds(dataset, "AcquisitionDateTime", "AcquisitionDateTime") == DAY + 1500
