"""What the names of series tell."""

import pytest

from temporal_interp.io.dicom.description import auxiliary_kind, family, kin, named_phase


@pytest.mark.parametrize(
    ("description", "value", "breath"),
    [
        ("Thorax 4D 3.0 B30f 33% In", 33, "in"),
        ("Thorax 33%Ex", 33, "ex"),
        ("Expiration 66 %", 66, "ex"),
        ("0%exhale", 0, "ex"),
        ("Gated, 12.5%A", 12.5, ""),
        ("Gated 20,0 %", 20, ""),
        ("T=20%", 20, ""),
        ("4DCT T00", 0, ""),
        ("CT_T100_B30", 100, ""),
        ("Phase 20", 20, ""),
        ("Ph. 20%", 20, ""),
        ("Atemphase 20 %", 20, ""),
        ("phase 20 %, 3 mm", 20, ""),
        ("20 Prozent", 20, ""),
        ("Gated 20% ASIR 40%", 20, ""),
        ("ASiR-V 40% 75%", 75, ""),
        ("40% ASIR phase 10%", 10, ""),
        ("index 20%", 20, ""),
    ],
)
def test_phase_is_found(description, value, breath):
    phase = named_phase(description)
    assert (phase.value, phase.breath) == (value, breath)


@pytest.mark.parametrize(
    "description",
    [
        "",
        "ASIR 40%",
        "SS-ASIR 50%",
        "t1_twist_dyn",
        "T1 FLASH",
        "T2 TSE",
        "AIP 0-80%",
        "30-40%",
        "Morph 20",
        "150%",
        "3T 20",
    ],
)
def test_what_is_no_phase_is_not_taken_for_one(description):
    assert named_phase(description) is None


def test_series_of_one_acquisition_share_their_names_without_the_phase():
    assert kin("Thorax B30f 33% In") == kin("Thorax B30f 66% Ex") != kin("Thorax B70f 33% In")
    assert kin("ASiR-V 40% 0%") == kin("ASiR-V 40% 10%")
    assert family("Thorax B30f 33% In") == family("Thorax B70f 33% In")
    assert family("cine rest") != family("cine stress")


@pytest.mark.parametrize(
    ("description", "image_type", "kind"),
    [
        ("AIP 0-80%", (), "average"),
        ("Gated Ave", (), "average"),
        ("4D_MIP", (), "MIP"),
        ("MinIP 0-100%", (), "MinIP"),
        ("Min-IP", (), "MinIP"),
        ("Mittelwert", (), "average"),
        ("Gated", ("DERIVED", "SECONDARY", "AVERAGE"), "average"),
        ("Gated", ("DERIVED", "SECONDARY", "MIP"), "MIP"),
        ("Gated, 0%", ("DERIVED", "SECONDARY", "AXIAL"), ""),
        ("cine_sa", ("ORIGINAL", "PRIMARY", "M", "MEANINGLESS"), ""),
        ("Shipley", (), ""),
        ("3-plane localizer", (), "localiser"),
        ("Topogram 0.6", ("ORIGINAL", "PRIMARY", "LOCALIZER"), "localiser"),
        ("localised", (), ""),
    ],
)
def test_what_serves_other_series_is_known(description, image_type, kind):
    assert auxiliary_kind(description, image_type) == kind
