"""DICOM files of a made-up patient, with what scanners write: cines of single images, enhanced files and clips."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import EnhancedMRImageStorage, UltrasoundMultiFrameImageStorage

from dicom_files import dicom_image, write_dicom, write_dicom_stack

RR = 160
"""Length of the beat in ms, of four phases."""


def with_patient(dataset: pydicom.Dataset, slice_number: int = 0, phase: int = 0) -> None:
    """Give an image a patient, a study, a scanner and what else there is on the way to an archive."""
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Doe^Jane", "4711", "19500203"
    dataset.PatientSex, dataset.StudyID, dataset.StudyDate, dataset.StudyTime = "F", "1", "20200101", "120000"
    dataset.AccessionNumber, dataset.ReferringPhysicianName = "ACC-77", "House^Gregory"
    dataset.InstitutionName, dataset.Manufacturer, dataset.Modality = "General Hospital", "ACME", "MR"
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = "1.2.3.99", ""
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "RETRO"]
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "GR", "SK", "CG"
    dataset.MRAcquisitionType, dataset.EchoTime, dataset.EchoTrainLength = "2D", 1.5 + slice_number, 1
    dataset.RepetitionTime, dataset.Laterality, dataset.PatientPosition = 3.0, "", "HFS"
    dataset.NominalInterval, dataset.CardiacNumberOfImages = RR, 4
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20200101", f"1200{slice_number:02d}"
    dataset.AcquisitionDateTime = f"202001011200{slice_number:02d}"
    dataset.BurnedInAnnotation, dataset.RescaleSlope, dataset.RescaleIntercept = "NO", 1, 0
    dataset.private_block(0x0029, "ACME SECRETS", create=True).add_new(1, "LO", "Jane Doe")


def patient_stack(folder: Path, edit=lambda dataset, slice_number, phase: None, **sizes) -> Path:
    """Write a cine of the patient, a series for every slice, and return its folder."""

    def both(dataset, slice_number, phase):
        with_patient(dataset, slice_number, phase)
        return edit(dataset, slice_number, phase)

    return write_dicom_stack(folder, both, **sizes)


def item(**values) -> pydicom.Dataset:
    """An item of a sequence."""
    dataset = pydicom.Dataset()
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def enhanced_file(path: Path, slices=(0, 1), phases=(0, 1, 2, 3), edit=lambda frame, k, phase: None) -> Path:
    """Write phases of slices of the cine as one enhanced file; every frame has 4 x 5 pixels."""
    first = dicom_image(0, 0)
    with_patient(first)
    for name in ["TriggerTime", "NominalInterval", "RescaleSlope", "RescaleIntercept", "ImagePositionPatient"]:
        del first[name]
    first.SOPClassUID, first.SOPInstanceUID = EnhancedMRImageStorage, f"1.2.3.7.{slices[0]}.{phases[0]}"
    first.ImageType = ["ORIGINAL", "PRIMARY", "CARDIAC", "NONE"]
    frames, pixels = [], []
    for k in slices:
        for phase in phases:
            one = dicom_image(k, phase)
            kind = item(FrameType=["ORIGINAL", "PRIMARY", "CARDIAC", "NONE"])
            frame = item(
                FrameContentSequence=[item(FrameAcquisitionDateTime="20200101120000", InStackPositionNumber=k + 1)],
                PlanePositionSequence=[item(ImagePositionPatient=one.ImagePositionPatient)],
                CardiacSynchronizationSequence=[
                    item(NominalCardiacTriggerDelayTime=40.0 * phase, RRIntervalTimeNominal=float(RR))
                ],
                MRImageFrameTypeSequence=[kind],
            )
            edit(frame, k, phase)
            frames.append(frame)
            pixels.append(one.PixelData)
    measures = item(PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness)
    orientation = item(ImageOrientationPatient=first.ImageOrientationPatient)
    rescaling = item(RescaleSlope=1, RescaleIntercept=0, RescaleType="US")
    first.SharedFunctionalGroupsSequence = [
        item(
            PixelMeasuresSequence=[measures],
            PlaneOrientationSequence=[orientation],
            PixelValueTransformationSequence=[rescaling],
        )
    ]
    first.PerFrameFunctionalGroupsSequence, first.NumberOfFrames = frames, len(frames)
    first.PixelData = b"".join(pixels)
    write_dicom(first, path)
    return path


def clip_file(path: Path, steps=(0, 20, 40, 20), colour=False) -> Path:
    """Write an ultrasound clip of 4 x 5 pixels, with the times from frame to frame in ms."""
    first = dicom_image(0, 0)
    with_patient(first)
    for name in ["TriggerTime", "ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope", "RescaleIntercept"]:
        del first[name]
    first.SOPClassUID, first.Modality, first.ImageType = UltrasoundMultiFrameImageStorage, "US", ["ORIGINAL", "PRIMARY"]
    first.FrameTimeVector, first.FrameIncrementPointer, first.NumberOfFrames = list(steps), 0x00181065, len(steps)
    first.BitsAllocated, first.BitsStored, first.HighBit = 8, 8, 7
    first.BurnedInAnnotation, first.StopTrim = "YES", len(steps)
    pixels = np.arange(len(steps) * 20, dtype=np.uint8).reshape(len(steps), 4, 5)
    if colour:
        first.SamplesPerPixel, first.PhotometricInterpretation, first.PlanarConfiguration = 3, "RGB", 0
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    first.PixelData = pixels.tobytes()
    write_dicom(first, path)
    return path
