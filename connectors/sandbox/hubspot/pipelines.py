"""Endpoints of pipelines and their stages."""

from __future__ import annotations

from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.errors import JSON, not_found
from connectors.sandbox.hubspot.schema import DEALS_READ, Pipeline, Stage
from connectors.sandbox.hubspot.stamps import iso


def _all(call: Call) -> list[Pipeline]:
    if call.portal.table(call.path["type"]).kind.name != "deals":
        raise not_found()
    call.need(DEALS_READ)
    return [call.portal.pipeline, *call.portal.more_pipelines]


def _one(call: Call) -> Pipeline:
    """An id must be that of a pipeline that is not archived."""
    found = [one for one in _all(call) if one.id == call.path["id"] and not one.archived]
    if not found:
        raise not_found()
    return found[0]


def list_pipelines(call: Call) -> Answer:
    """GET /crm/v3/pipelines/{type}"""
    rows = [one for one in _all(call) if one.archived is call.archived]
    return 200, {"results": [_told(one, order) for order, one in enumerate(rows)]}


def get_pipeline(call: Call) -> Answer:
    """GET /crm/v3/pipelines/{type}/{id}"""
    return 200, _told(_one(call), 0)


def list_stages(call: Call) -> Answer:
    """GET /crm/v3/pipelines/{type}/{id}/stages"""
    return 200, {"results": _stages(_one(call), archived=call.archived)}


def get_stage(call: Call) -> Answer:
    """GET /crm/v3/pipelines/{type}/{id}/stages/{stage}"""
    pipeline = _one(call)
    found = [one for one in pipeline.stages if one.id == call.path["stage"]]
    if not found or found[0].archived is not call.archived:
        raise not_found()
    return 200, _stage(found[0], pipeline.stages.index(found[0]))


def _told(one: Pipeline, order: int) -> JSON:
    told = {"id": one.id, "label": one.label, "displayOrder": order}
    stages = _stages(one, archived=one.archived)
    return {**told, "stages": stages, **_dates(archived=one.archived)}


def _stages(one: Pipeline, *, archived: bool) -> list[JSON]:
    """Of an archived pipeline all stages are archived."""
    return [
        _stage(stage, order)
        for order, stage in enumerate(one.stages)
        if (stage.archived or one.archived) is archived
    ]


def _stage(stage: Stage, order: int) -> JSON:
    return {
        "id": stage.id,
        "label": stage.label,
        "displayOrder": order,
        "metadata": {
            "isClosed": str(stage.closed).lower(),
            "probability": str(stage.probability),
        },
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        **_dates(archived=stage.archived),
    }


def _dates(*, archived: bool) -> JSON:
    moment = iso(0)
    told: JSON = {"createdAt": moment, "updatedAt": moment, "archived": archived}
    return told | ({"archivedAt": moment} if archived else {})
