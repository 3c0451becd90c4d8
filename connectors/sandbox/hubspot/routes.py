"""Which endpoint answers which path; ``versions`` leads dated paths to these."""

from __future__ import annotations

from connectors.sandbox.hubspot import (
    associations,
    batch,
    custom,
    definitions,
    directory,
    legacy,
    objects,
    pipelines,
)
from connectors.sandbox.hubspot.call import Endpoint

ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/crm/v3/objects/{type}", objects.list_records),
    ("POST", "/crm/v3/objects/{type}", objects.create_record),
    ("POST", "/crm/v3/objects/{type}/{verb:search}", objects.search_records),
    ("POST", "/crm/v3/objects/{type}/batch/{batch}", batch.batch),
    ("GET", "/crm/v3/objects/{type}/{id}", objects.get_record),
    ("PATCH", "/crm/v3/objects/{type}/{id}", objects.update_record),
    ("DELETE", "/crm/v3/objects/{type}/{id}", objects.archive_record),
    ("POST", "/crm/v4/associations/{type}/{to}/batch/read", associations.read_batch),
    ("POST", "/crm/v4/associations/{type}/{to}/batch/create", associations.create_batch),
    ("GET", "/crm/v4/associations/{type}/{to}/labels", associations.labels),
    ("GET", "/crm/v4/objects/{type}/{id}/associations/{to}", associations.read_one),
    ("GET", "/crm/v3/owners", directory.list_owners),
    ("GET", "/crm/v3/owners/", directory.list_owners),
    ("GET", "/crm/v3/owners/{id}", directory.get_owner),
    ("GET", "/crm/v3/pipelines/{type}", pipelines.list_pipelines),
    ("GET", "/crm/v3/pipelines/{type}/{id}", pipelines.get_pipeline),
    ("GET", "/crm/v3/pipelines/{type}/{id}/stages", pipelines.list_stages),
    ("GET", "/crm/v3/pipelines/{type}/{id}/stages/{stage}", pipelines.get_stage),
    ("GET", "/crm/v3/properties/{type}", definitions.list_properties),
    ("POST", "/crm/v3/properties/{type}", definitions.create_property),
    ("GET", "/crm/v3/properties/{type}/groups", definitions.list_groups),
    ("POST", "/crm/v3/properties/{type}/groups", definitions.create_group),
    ("GET", "/crm/v3/properties/{type}/{name}", definitions.get_property),
    ("PATCH", "/crm/v3/properties/{type}/{name}", definitions.update_property),
    ("DELETE", "/crm/v3/properties/{type}/{name}", definitions.archive_property),
    ("GET", "/crm/v3/schemas", custom.list_schemas),
    ("GET", "/crm/v3/schemas/{type}", custom.get_schema),
    ("GET", "/crm-object-schemas/v3/schemas", custom.list_schemas),
    ("GET", "/crm-object-schemas/v3/schemas/{type}", custom.get_schema),
    ("GET", "/account-info/v3/details", directory.account_details),
)

LEGACY: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/companies/v2/properties", legacy.company_properties),
    ("GET", "/companies/v2/companies/paged", legacy.list_companies),
    ("GET", "/companies/v2/companies/{id}", legacy.get_company),
    ("GET", "/properties/v1/deals/properties", legacy.deal_properties),
    ("GET", "/deals/v1/deal/paged", legacy.list_deals),
)
"""Of the versions before the third; other clients still use them."""
