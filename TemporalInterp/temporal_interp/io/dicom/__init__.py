"""DICOM: the phases of a cine from single images, and clips of many frames."""
