"""Which further fields and objects of the CRM the rules read, by their CRM names.

The policy carries it and connectors obey it. What the CRM lacks or hides switches only that
part off, with a note.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

CrmName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]\w*$", max_length=100)]
"""The API name of a field, property or object."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExtraFields(_Strict):
    """Fields to mirror besides the usual ones; they land in ``fields`` of the noun."""

    account: tuple[CrmName, ...] = Field((), description="Of accounts (companies).")
    deal: tuple[CrmName, ...] = Field((), description="Of opportunities (deals).")
    prospect: tuple[CrmName, ...] = Field((), description="Of contacts and leads.")
    person: tuple[CrmName, ...] = Field((), description="Of users.")


class HoldingObject(_Strict):
    """A custom object whose records say who holds a role for an account or a deal."""

    object: CrmName = Field(description="The object's API name, such as Renewal__c.")
    person: CrmName = Field(description="The field that names the user.")
    account: CrmName | None = Field(None, description="The field that names the account.")
    deal: CrmName | None = Field(None, description="The field that names the deal.")
    role: str = Field("", description="The role that every record gives.")
    role_field: CrmName | None = Field(None, description="The field that holds the role.")

    @model_validator(mode="after")
    def _says_who_is_what(self) -> Self:
        if (self.account is None) is (self.deal is None):
            raise ValueError("account: name the field of the account or that of the deal, not both")
        if bool(self.role) is (self.role_field is not None):
            raise ValueError("role: write the role, or name role_field, but not both")
        return self


class AbsenceFields(_Strict):
    """User fields by which a team notes who is away, for orgs without an out-of-office feature.

    Away from ``starts`` (now, when not named) to ``ends``; with ``flag`` only while it is set.
    Dates are days of the person's time zone, the last one included.
    """

    flag: CrmName | None = Field(None, description="A checkbox, such as OOO__c.")
    starts: CrmName | None = Field(None, description="A date or time, such as OOO_From__c.")
    ends: CrmName | None = Field(None, description="A date or time, such as OOO_Until__c.")

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that are named."""
        return tuple(one for one in (self.flag, self.starts, self.ends) if one)


class Mapping(_Strict):
    """All of it; empty by default."""

    fields: ExtraFields = ExtraFields()
    holdings: tuple[HoldingObject, ...] = ()
    absence: AbsenceFields = AbsenceFields()


NOTHING_MORE = Mapping()
"""The usual fields and objects alone."""
