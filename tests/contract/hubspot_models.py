"""Reads answers by the models of hubspot-api-client, made from HubSpot's specification."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import requests

OBJECT_PAGE = "CollectionResponseSimplePublicObjectWithAssociationsForwardPaging"
SEARCH_PAGE = "CollectionResponseWithTotalSimplePublicObjectForwardPaging"
BATCH = "BatchResponseSimplePublicObject"
LINKS = "associations.v4:BatchResponsePublicAssociationMultiWithLabel"


class Answered:
    """What the models' reader wants of a response."""

    def __init__(self, data: bytes) -> None:
        self.data = data


def strictly(model: str, answer: requests.Response, *, beyond: Sequence[str] = ()) -> Any:
    """Read the answer by the client's model; every key and value must come through.

    ``beyond`` names what HubSpot is known to send although its specification has it not.
    """
    package_name, _, name = model.rpartition(":")
    package = importlib.import_module(f"hubspot.crm.{package_name or 'objects'}")
    configuration = package.Configuration()
    configuration.client_side_validation = True
    reader = package.ApiClient(configuration=configuration)
    found = reader.deserialize(Answered(answer.content), name)
    assert plain(reader.sanitize_for_serialization(found)) == plain(
        {key: value for key, value in answer.json().items() if key not in beyond}
    )
    return found


def plain(value: Any) -> Any:
    """Without nulls, and with times in one spelling."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return datetime.fromisoformat(value)
    return value
