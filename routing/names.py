"""Names of companies, as they are compared."""

from __future__ import annotations

import re
import unicodedata

_LEGAL = """
    inc incorporated llc ltd limited gmbh ag kg ug se sa sas sarl srl spa bv nv ab as oy oyj plc
    co corp corporation company holding holdings group the pty pte kk
"""
_FORMS = frozenset(_LEGAL.split())


def name_key(name: str) -> str:
    """A company's name without accents, punctuation and legal form, for comparing."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words = re.findall(r"[a-z0-9]+", plain)
    while len(words) > 1 and words[-1] in _FORMS:
        words.pop()
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)
