"""What Salesforce's own description of its metadata allows, as simple-salesforce ships it."""

from __future__ import annotations

import functools
import xml.etree.ElementTree as ET
from importlib.resources import files

METADATA = "{http://soap.sforce.com/2006/04/metadata}"
_XSD = "{http://www.w3.org/2001/XMLSchema}"


class Wsdl:
    """The types of the metadata API, read from its WSDL."""

    def __init__(self) -> None:
        text = (files("simple_salesforce") / "metadata.wsdl").read_text()
        root = ET.fromstring(text)  # noqa: S314 - a file of an installed package
        self._complex = {one.get("name"): one for one in root.iter(f"{_XSD}complexType")}
        self._simple = {one.get("name"): one for one in root.iter(f"{_XSD}simpleType")}
        self._children: dict[str, dict[str, str]] = {}

    def children(self, kind: str) -> dict[str, str]:
        """Element → its type, those of the base types too."""
        if kind not in self._children:
            found = self._complex[kind]
            own = {
                str(one.get("name")): str(one.get("type")).rpartition(":")[2]
                for one in found.iter(f"{_XSD}element")
            }
            extensions = found.iter(f"{_XSD}extension")
            bases = [str(one.get("base")).rpartition(":")[2] for one in extensions]
            self._children[kind] = own | (self.children(bases[0]) if bases else {})
        return self._children[kind]

    def wrong(self, element: ET.Element, kind: str) -> list[str]:
        """Elements that are unknown, and values that are not of their type."""
        if kind in self._complex:
            known = self.children(kind)
            names = [(one, one.tag.removeprefix(METADATA)) for one in element]
            strange = [f"{kind}.{name}" for _, name in names if name not in known]
            inner = [self.wrong(one, known[name]) for one, name in names if name in known]
            return strange + [one for found in inner for one in found]
        text = element.text or ""
        if kind in self._simple:
            allowed = {one.get("value") for one in self._simple[kind].iter(f"{_XSD}enumeration")}
            return [] if text in allowed else [f"{kind}: {text}"]
        fits = {"boolean": text in ("true", "false"), "int": text.isdigit()}
        return [] if fits.get(kind, True) else [f"{element.tag}: {text}"]

    def knows(self, kind: str) -> bool:
        """Whether there is such a type of metadata."""
        return kind in self._complex


@functools.cache
def wsdl() -> Wsdl:
    """The WSDL, read on first use."""
    return Wsdl()
