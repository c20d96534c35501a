"""Ways to damage a file, as strategies of hypothesis, which looks for the smallest damage that does harm."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hypothesis import strategies as st

TOKENS = (
    b"",
    b"0",
    b"-1",
    b"nan",
    b"inf",
    b"-inf",
    b"1e-300",
    b"1e308",
    b"1e999",
    b"999999999",
    b"1" + b"0" * 30,
    b"9" * 5000,
    b"\xff\xfe\x00",
    b"\\ud800",
    b"\r\n\r\n",
    b"[" * 3000,
    b"{",
    b'"',
    b"null",
    b"true",
    b"NaN",
    b"%s%n",
    b"../../etc/passwd",
    b"~nobody/x",
    b"&a [*a]",
    b"\x00" * 8,
    b"\xff" * 8,
)
"""What takes the place of a number or a word."""

WORD = re.compile(rb"[-+]?\d[\d.eE+-]*|[A-Za-z_]{3,}")


@dataclass(frozen=True)
class Damage:
    """One change of a file.

    Attributes:
        how: "flip" a byte, "cut" the end off, "drop" or "repeat" some bytes, "insert" a token, or "replace" a number or
            a word of the first bytes by a token.
        place: as a share of the file, from 0 to 1; damage is as likely in the first bytes as in all others.
        token: what is put there.
        count: bytes.
    """

    how: str
    place: float
    token: bytes
    count: int

    def done_to(self, content: bytes) -> bytes:
        """Return the content after the damage."""
        where = int(self.place * max(len(content) - 1, 0))
        if self.how == "flip" and content:
            return content[:where] + bytes([content[where] ^ (1 << self.count % 8)]) + content[where + 1 :]
        if self.how == "cut":
            return content[:where]
        if self.how == "drop":
            return content[:where] + content[where + self.count :]
        if self.how == "repeat":
            return content[:where] + content[where : where + self.count] * 3 + content[where + self.count :]
        words = list(WORD.finditer(content[:4000]))
        if self.how == "replace" and words:
            word = words[int(self.place * (len(words) - 1))]
            return content[: word.start()] + self.token + content[word.end() :]
        return content[:where] + self.token + content[where:]


SHARES = st.one_of(st.floats(0, 1), st.floats(0, 0.1), st.integers(0, 40).map(lambda n: n / 1000))

DAMAGES = st.lists(
    st.builds(
        Damage,
        how=st.sampled_from(["replace", "flip", "cut", "drop", "repeat", "insert"]),
        place=SHARES,
        token=st.sampled_from(TOKENS),
        count=st.integers(0, 64),
    ),
    min_size=1,
    max_size=3,
)
"""One to three changes of one file."""
