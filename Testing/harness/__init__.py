"""Runs a Slicer scripted module under pytest: slicer-core's MRML, and PySide6 in the place of PythonQt, CTK and qMRML.

Strict on purpose. What Slicer would only print (a slot that raises, a connect to a signal that does not exist, a
warning of Qt) is kept in `faults` and fails the test. Facts about the real thing were read in PythonQt's, CTK's and
Slicer's sources. For tests only.
"""
