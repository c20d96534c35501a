"""Writing of sequences as DICOM: derived series with the headers of the source."""
