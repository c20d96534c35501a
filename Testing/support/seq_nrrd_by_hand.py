"""NRRD files with a header as 3D Slicer lays it out, and text that is hard to store, without the code under test."""

import gzip

import numpy as np

ODD_TEXT = {
    "A": "two\nlines",
    "B": "back\\slash \\n",
    "na me:x": "a:= b",
    "C": 'quoted "é" µ',
    "D": "key: value; tab\t.",
}

FRAMES = np.arange(3 * 2 * 4 * 5, dtype="int16").reshape(3, 2, 4, 5)
LIST_LAST = """sizes: 5 4 2 3
space directions: (-2,0,0) (0,0,-3) (0,-8,0) none
kinds: domain domain domain list
labels: "" "" "" "time"
units: "" "" "" "ms"
"""
LIST_FIRST = """sizes: 3 5 4 2
space directions: none (-2,0,0) (0,0,-3) (0,-8,0)
kinds: list domain domain domain
labels: "time" "" "" ""
units: "ms" "" "" ""
"""
RAS = "right-anterior-superior"
LPS = "left-posterior-superior"


def write_nrrd_by_hand(
    path, axes=LIST_LAST, space=LPS, endian="little", raw=False, keys=None, frames=FRAMES, number=3, **more
):
    """Write FRAMES, or other (frame, K, J, I) voxels; `more` changes fields of the header."""
    data = np.moveaxis(frames, 0, -1) if number == 0 else frames
    content = data.astype(data.dtype.newbyteorder("<" if endian == "little" else ">")).tobytes()
    keys = f"axis {number} index values:=0 40 81.5\naxis {number} index type:=numeric\n" if keys is None else keys
    fields = {"type": "short", "dimension": "4", "space": space, "space origin": "(10,20,30)"} | more
    header = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    header += f"{axes}endian: {endian}\nencoding: {'raw' if raw else 'gzip'}\n{keys}\n"
    path.write_bytes(b"NRRD0004\n# comment\n" + header.encode() + (content if raw else gzip.compress(content)))
