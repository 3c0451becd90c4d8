"""Turns our metadata from source format into the zip that the Metadata API deploys.

It knows the kinds that ``config/salesforce`` ships and no others. A test holds it to what
Salesforce's own library makes of the same files.
"""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
MANIFEST = "package.xml"
_META = "-meta.xml"
_OBJECT, _FIELD, _PERMISSIONS = ".object", ".field", ".permissionset"
_IN_FOLDERS = {".report": "Report", ".dashboard": "Dashboard"}
_FOLDERS = {".reportFolder": "Report", ".dashboardFolder": "Dashboard"}


@dataclass(slots=True)
class Package:
    """Files of a deployable zip by their path in it, and what they hold, by metadata type."""

    files: dict[str, bytes] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)

    def zipped(self, version: str) -> bytes:
        """The zip with its manifest, for this API version; the same bytes each time."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted({**self.files, MANIFEST: self._manifest(version)}.items()):
                archive.writestr(zipfile.ZipInfo(name), content)
        return made.getvalue()

    def _manifest(self, version: str) -> bytes:
        root = ET.Element(_tag("Package"))
        for kind, names in sorted(self.members.items()):
            types = ET.SubElement(root, _tag("types"))
            for name in sorted(names):
                ET.SubElement(types, _tag("members")).text = name
            ET.SubElement(types, _tag("name")).text = kind
        ET.SubElement(root, _tag("version")).text = version
        return _text(root)


def shipped(*folders: str) -> Package:
    """What these package folders of ``config/salesforce`` hold together."""
    package = Package()
    objects: dict[str, ET.Element] = {}
    for folder in folders:
        for path, file in _below(files("config") / "salesforce" / folder):
            _add(package, objects, PurePosixPath(path), file.read_bytes())
    for name, root in objects.items():
        package.files[f"objects/{name}.object"] = _text(root)
    return package


def _below(folder: Traversable, path: str = "") -> Iterator[tuple[str, Traversable]]:
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        inner = f"{path}{one.name}"
        if one.is_dir():
            yield from _below(one, f"{inner}/")
        elif inner.endswith(_META):
            yield inner, one


def _add(
    package: Package, objects: dict[str, ET.Element], path: PurePosixPath, content: bytes
) -> None:
    bare = PurePosixPath(str(path).removesuffix(_META))
    kind, name = bare.suffix, bare.stem
    if kind == _FIELD:
        owner = path.parts[1]
        entry = ET.fromstring(content)  # noqa: S314 - our own file
        entry.tag = _tag("fields")
        objects.setdefault(owner, ET.Element(_tag("CustomObject"))).append(entry)
        _list(package, "CustomField", f"{owner}.{name}")
    elif kind == _OBJECT:
        root = ET.fromstring(content)  # noqa: S314 - our own file
        root.extend(objects.get(name, ()))
        objects[name] = root
        _list(package, "CustomObject", name)
    elif kind == _PERMISSIONS:
        package.files[str(bare)] = content
        _list(package, "PermissionSet", name)
    elif kind in _FOLDERS:
        package.files[f"{bare.with_suffix('')}{_META}"] = content
        _list(package, _FOLDERS[kind], f"{name}/")
    elif kind in _IN_FOLDERS:
        package.files[str(bare)] = content
        _list(package, _IN_FOLDERS[kind], f"{bare.parent.name}/{name}")
    else:
        raise ValueError(f"{path} is of a kind that is not packed yet")


def _list(package: Package, kind: str, name: str) -> None:
    package.members.setdefault(kind, []).append(name)


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _text(root: ET.Element) -> bytes:
    ET.indent(root, "    ")
    made: bytes = ET.tostring(
        root, encoding="UTF-8", xml_declaration=True, default_namespace=NAMESPACE
    )
    return made
