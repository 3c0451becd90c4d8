"""Names of roles, stages and types are understood in English, German, French and Spanish."""

from __future__ import annotations

import pytest

from worker.profile.words import (
    is_customer,
    is_early,
    is_renewal,
    role_of,
    runs_the_crm,
    was_customer,
)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("BDR__c", "bdr"),
        ("sdr_owner", "bdr"),
        ("Assigned_SDR__c", "bdr"),
        ("SalesDevelopmentRep__c", "bdr"),
        ("csm_owner", "csm"),
        ("CSMOwner__c", "csm"),
        ("CS_Owner__c", "csm"),
        ("Customer_Success_Manager__c", "csm"),
        ("am_owner", "am"),
        ("Key_Account_Manager__c", "am"),
        ("AE__c", "ae"),
        ("Account_Executive__c", "ae"),
        ("Solution_Engineer__c", "se"),
        ("Kundenbetreuer__c", "csm"),
        ("Charge_de_clientele__c", "csm"),
        ("exito_del_cliente", "csm"),
        # Those of others beside the holder.
        ("Previous_CSM__c", ""),
        ("Backup_BDR__c", ""),
        ("CSM_Manager__c", ""),
        ("Discount_Approver__c", ""),
        ("Executive_Sponsor__c", ""),
    ],
)
def test_what_a_field_is_for(name: str, role: str) -> None:
    assert role_of(name, api_name=True) == role


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Business Development Representative", "bdr"),
        ("Senior SDR, Enterprise", "bdr"),
        ("Lead Qualifier", "bdr"),
        ("Senior Account Executive", "ae"),
        ("AE Central", "ae"),
        ("Sales Rep", "ae"),
        ("Customer Success Manager II", "csm"),
        ("Account Manager", "am"),
        ("Pre-Sales Consultant", "se"),
        ("Vertriebsmitarbeiter Außendienst", "ae"),
        ("Verkäuferin", "ae"),
        ("Kundenbetreuer DACH", "csm"),
        ("Key-Account-Manager", "am"),
        ("Chargé d'affaires", "ae"),
        ("Ingénieur avant-vente", "se"),
        ("Responsable de comptes", "am"),
        ("Chargée de prospection", "bdr"),
        ("Ejecutivo de cuentas", "ae"),
        ("Éxito del cliente", "csm"),
        ("Representante de desarrollo de negocio", "bdr"),
        ("Head of Sales Development", ""),
        ("SDR Manager", ""),
        ("VP Customer Success", ""),
        ("Leiter Kundenbetreuung", ""),
        ("Directeur commercial", ""),
        ("I am se at home", ""),  # two letters are words as well
        ("", ""),
    ],
)
def test_what_a_title_says(title: str, role: str) -> None:
    assert role_of(title) == role


def test_stages_before_a_deal() -> None:
    for label in (
        "Prospecting",
        "1 - Prospecting",
        "Kaltakquise",
        "Prospección",
        "Premier contact",
    ):
        assert is_early(label), label
    for label in ("Proposal", "Negotiation", "Qualified To Buy", "Angebot", "Decision Maker"):
        assert not is_early(label), label
    assert is_renewal("Renewal due")
    assert is_renewal("Vertragsverlängerung")
    assert not is_renewal("Proposal")


def test_types_of_accounts() -> None:
    for kind in ("Customer", "Customer - Direct", "customer", "Bestandskunde", "Cliente", "Client"):
        assert is_customer(kind), kind
    for kind in ("Prospect", "Former Customer", "Ehemaliger Kunde", "subscriber", "Partner"):
        assert not is_customer(kind), kind
    assert was_customer("Former Customer")
    assert was_customer("Ancien client")
    assert not was_customer("Customer")
    assert not was_customer("Lost prospect")


def test_who_runs_the_crm() -> None:
    assert runs_the_crm(["Head of RevOps"])
    assert runs_the_crm(["", "Revenue Operations Manager"])
    assert not runs_the_crm(["Chief Revenue Officer"])
