"""Describes of the org's objects and fields, in the API's shape."""

from __future__ import annotations

from typing import Any

from connectors.sandbox.salesforce.objects import child_relationships
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.schema import NUMBERS, Column, Sobject

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    **{kind: "xsd:double" for kind in NUMBERS - {"int"}},
}
_RECYCLED = frozenset({"Account", "Contact", "Lead", "Opportunity", "Task", "Event"})
_MASTER = "012000000000000AAA"
"""The record type of everything that has none."""
_NEVER = (
    "aiPredictionField",
    "autoNumber",
    "cascadeDelete",
    "dependentPicklist",
    "deprecatedAndHidden",
    "displayLocationInDecimal",
    "encrypted",
    "formulaTreatNullNumberAsZero",
    "highScaleNumber",
    "htmlFormatted",
    "queryByDistance",
    "restrictedDelete",
    "searchPrefilterable",
    "writeRequiresMasterRead",
)
_NOTHING = (
    "compoundFieldName",
    "controllerName",
    "defaultValueFormula",
    "extraTypeInfo",
    "filteredLookupInfo",
    "inlineHelpText",
    "mask",
    "maskType",
    "referenceTargetField",
    "relationshipOrder",
)
_LABELS = {"name": "Full Name", "id": "Record ID"}


def describe_global(org: Org, base: str) -> dict[str, Any]:
    """The list of all objects."""
    names = [one.name for one in org.objects.values() if org.sobject(one.name)]
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [_header(org.objects[name.lower()], base) for name in names],
    }


def describe(org: Org, sobject: Sobject, base: str) -> dict[str, Any]:
    """One object with its fields."""
    recorded = sobject.createable and sobject.name != "User"
    return _header(sobject, base) | {
        "actionOverrides": [],
        "childRelationships": [
            _child(*one) for one in child_relationships(org.objects, sobject) if org.sobject(one[0])
        ],
        "compactLayoutable": sobject.createable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [_master(sobject, base)] if recorded else [],
        "searchLayoutable": sobject.createable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {sobject.plural.lower()}", "name": "everything"}],
        "fields": [_field(org, sobject, one) for one in sobject.columns.values()],
    }


def _child(name: str, relationship: str, field: str) -> dict[str, Any]:
    return {
        "cascadeDelete": False,
        "childSObject": name,
        "deprecatedAndHidden": False,
        "field": field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": relationship or None,
        "restrictedDelete": False,
    }


def _master(sobject: Sobject, base: str) -> dict[str, Any]:
    url = f"{base}/sobjects/{sobject.name}/describe/layouts/{_MASTER}"
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": _MASTER,
        "urls": {"layout": url},
    }


def _header(sobject: Sobject, base: str) -> dict[str, Any]:
    url = f"{base}/sobjects/{sobject.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": sobject.createable,
        "custom": sobject.name.endswith("__c"),
        "customSetting": False,
        "deepCloneable": False,
        "deletable": sobject.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix,
        "label": sobject.name,
        "labelPlural": sobject.plural,
        "layoutable": sobject.createable,
        "mergeable": sobject.name in ("Account", "Contact", "Lead"),
        "mruEnabled": sobject.createable,
        "name": sobject.name,
        "queryable": True,
        "replicateable": sobject.replicateable,
        "retrieveable": True,
        "searchable": sobject.createable,
        "triggerable": sobject.createable,
        "undeletable": sobject.name in _RECYCLED or sobject.name.endswith("__c"),
        "updateable": sobject.updateable,
        "urls": {
            "sobject": url,
            "describe": f"{url}/describe",
            "rowTemplate": f"{url}/{{ID}}",
        },
    }


def _field(org: Org, sobject: Sobject, column: Column) -> dict[str, Any]:
    sizes = {"string", "picklist", "email", "phone", "url", "combobox", "textarea"}
    made = dict.fromkeys(_NEVER, False) | dict.fromkeys(_NOTHING)
    return made | {
        "name": column.name,
        "label": _LABELS.get(column.name.lower(), column.name.removesuffix("__c")),
        "type": column.type,
        "soapType": _SOAP.get(column.type, "xsd:string"),
        "length": column.length,
        "byteLength": column.length * 3 if column.type in sizes else column.length,
        "digits": 8 if column.type == "int" else 0,
        "precision": column.precision,
        "scale": column.scale,
        "custom": column.custom,
        "createable": column.createable,
        "updateable": column.updateable,
        "nillable": column.nillable,
        "defaultedOnCreate": column.defaulted,
        "defaultValue": False if column.type == "boolean" and sobject.name != "User" else None,
        "filterable": column.filterable,
        "sortable": column.filterable,
        "groupable": column.groupable,
        "aggregatable": column.filterable,
        "calculated": column.formula is not None,
        "calculatedFormula": "formula" if column.formula else None,
        "caseSensitive": column.external_id,
        "unique": column.external_id,
        "externalId": column.external_id,
        "idLookup": "L" in column.flags,
        "nameField": "N" in column.flags,
        "namePointing": column.polymorphic and column.relationship is not None,
        "polymorphicForeignKey": column.polymorphic,
        "permissionable": column.createable and column.nillable,
        "referenceTo": list(column.refers_to),
        "relationshipName": column.relationship,
        "restrictedPicklist": "r" in column.flags,
        "picklistValues": [
            {"active": True, "defaultValue": False, "label": one, "value": one, "validFor": None}
            for one in _values(org, sobject, column)
        ],
    }


def _values(org: Org, sobject: Sobject, column: Column) -> list[str]:
    if (sobject.name, column.name) == ("Opportunity", "StageName"):
        stages = org.tables["opportunitystage"].rows.values()
        active = [one for one in stages if one["IsActive"]]
        return [one["ApiName"] for one in sorted(active, key=lambda one: int(one["SortOrder"]))]
    return list(column.values)
