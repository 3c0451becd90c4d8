"""What the names of stages, roles, fields, titles and account types mean, in several languages.

Names are compared without accents, punctuation and case. Acronyms of two letters count only when
they stand in capitals or are a part of an API name, as "am" and "se" are words as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ROLES: Mapping[str, tuple[str, ...]] = {
    "bdr": (
        "BDR SDR ADR LDR MDR",
        "business development representative|business development|sales development|"
        "account development|lead development|lead qualifier|lead qualification|inside sales|"
        "prospector|prospecting|"
        "neukundengewinnung|akquise|akquisiteur|vertriebsentwicklung|vertriebsinnendienst|"
        "charge de prospection|prospection|prospecteur|developpement commercial|"
        "desarrollo de negocio|desarrollo de negocios|desarrollo de ventas|prospeccion|prospector",
    ),
    "csm": (
        "CSM CS",
        "customer success manager|customer success|client success|customer succes|success manager|"
        "success owner|onboarding|"
        "kundenerfolg|kundenerfolgsmanager|kundenerfolgsmanagerin|kundenbetreuer|kundenbetreuerin|"
        "kundenbetreuung|bestandskunden|"
        "succes client|reussite client|charge de clientele|"
        "exito del cliente|exito de cliente|exito de clientes|gestor de exito",
    ),
    "am": (
        "AM KAM",
        "key account manager|key account|account manager|account management|"
        "relationship manager|client partner|renewal manager|renewals manager|renewals|"
        "kundenmanager|grosskundenbetreuer|"
        "gestionnaire de comptes|gestionnaire de compte|responsable de comptes|"
        "responsable de compte|responsable grands comptes|grands comptes|"
        "gestor de cuentas|gestor de cuenta|gerente de cuentas|gerente de cuenta",
    ),
    "se": (
        "SE SC",
        "sales engineer|solution engineer|solutions engineer|solution consultant|"
        "solutions consultant|solution architect|solutions architect|systems engineer|"
        "pre sales consultant|presales consultant|pre sales|presales|technical account manager|"
        "vertriebsingenieur|losungsberater|technischer berater|"
        "ingenieur avant vente|avant vente|preventa|ingeniero de ventas",
    ),
    "ae": (
        "AE",
        "account executive|sales executive|sales representative|sales rep|field sales|"
        "account director|closer|seller|salesperson|"
        "vertriebsmitarbeiter|vertriebsmitarbeiterin|aussendienst|aussendienstmitarbeiter|"
        "verkaufer|verkauferin|vertriebler|vertrieb|"
        "ingenieur commercial|charge d affaires|commercial|commerciale|vendeur|"
        "ejecutivo de cuenta|ejecutivo de cuentas|ejecutivo de ventas|ejecutiva de cuentas|"
        "vendedor|vendedora|comercial",
    ),
}
"""Acronyms, and phrases, of each role; the longest phrase that stands in a name decides."""

_NO_HOLDER = _set("""
    previous prior former old last backup secondary second substitute deputy approver approved
    sponsor creator created modified changed
    manager managers head director vp president chief lead leader supervisor
    stellvertreter vertretung ehemaliger vorheriger leiter leiterin leitung
    ancien ancienne precedent remplacant directeur directrice chef
    anterior antiguo suplente jefe jefa directora
    """)
"""Beside a role they make it another's: the role before, the deputy's, or that of the boss."""

_EARLY = """
    prospecting|prospect|prospects|suspect|new|new lead|lead|leads|lead in|mql|target|
    targeting|identified|cold|outreach|to contact|contacted|attempting contact|attempted|
    first contact|initial contact|pre qualification|prequalification|unqualified|
    nurture|nurturing|backlog|
    akquise|kaltakquise|neu|neuer lead|interessent|interessenten|erstkontakt|kontaktaufnahme|
    kontaktiert|vorqualifizierung|zielkunde|
    prospection|nouveau|nouveau prospect|piste|pistes|premier contact|prise de contact|
    a contacter|contacte|
    prospeccion|prospecto|nuevo|nuevo lead|nuevo prospecto|primer contacto|contacto inicial|
    por contactar|contactado
"""
_NUMBERING = frozenset({"stage", "phase", "step", "stufe", "etape", "etapa", "fase"})
_RENEWAL = _set("""
    renewal renewals renew renewing upsell expansion verlangerung vertragsverlangerung
    renouvellement reconduction renovacion
    """)
_CUSTOMER = _set("""
    customer customers client clients evangelist kunde kunden bestandskunde bestandskunden
    cliente clientes
    """)
_NOT_CUSTOMER = _set("""
    former ex past lost churned churn inactive prospective potential target lead prospect
    ehemalig ehemaliger ehemalige verloren inaktiv potenziell potentieller ancien ancienne perdu
    anterior antiguo perdido potencial competitor
    """)
_GONE = _set("""
    former ex past lost churned churn ehemalig ehemaliger ehemalige verloren ancien ancienne perdu
    anterior antiguo perdido
    """)
_ADMIN = (
    "revops|rev ops|revenue operations|revenue ops|sales operations|sales ops|gtm operations|"
    "crm admin|crm administrator|crm manager|salesforce admin|salesforce administrator|"
    "hubspot admin|hubspot administrator|vertriebssteuerung|operations commerciales|"
    "operaciones de ventas|operaciones comerciales"
)


def plain(text: str) -> list[str]:
    """The words of a text or an API name, in lower case and without accents."""
    apart = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", _bare(text))
    return re.findall(r"[a-z0-9]+", apart.casefold())


def role_of(text: str, *, api_name: bool = False) -> str:
    """The role that a name speaks of; '' for none, and for that of a boss or a deputy."""
    words, capitals = plain(text), set(re.findall(r"\b[A-Z]{2,4}\b", _spaced(text)))
    best: tuple[int, int, str] = (0, 0, "")
    for order, (role, (acronyms, phrases)) in enumerate(ROLES.items()):
        for acronym in acronyms.split():
            stands = acronym.casefold() in words
            sure = len(acronym) > 2 or api_name or acronym in capitals
            if stands and sure and not _another(words, [acronym.casefold()]):
                best = max(best, (1, -order, role))
        for phrase in phrases.split("|"):
            parts = phrase.split()
            # Two words of a phrase say more than an acronym, which may stand for much.
            if _stands(parts, words) and not _another(words, parts):
                best = max(best, (len(parts), -order, role))
    return best[2]


def is_anothers(text: str) -> bool:
    """Whether a name speaks of a boss, a deputy or the holder before."""
    return _another(plain(text), [])


def is_early(label: str) -> bool:
    """Whether a stage of this label comes before a real deal."""
    name = " ".join(one for one in plain(label) if one not in _NUMBERING and not one.isdigit())
    return name in {one.strip() for one in _EARLY.split("|")} or name.startswith("prospect")


def is_renewal(label: str) -> bool:
    """Whether a stage of this label is about a customer who stays or grows."""
    return not _RENEWAL.isdisjoint(plain(label))


def is_customer(kind: str) -> bool:
    """Whether an account of this type is a customer."""
    words = set(plain(kind))
    return not _CUSTOMER.isdisjoint(words) and _NOT_CUSTOMER.isdisjoint(words)


def was_customer(kind: str) -> bool:
    """Whether an account of this type is a customer no more."""
    words = set(plain(kind))
    customer = not _CUSTOMER.isdisjoint(words) or not {"churned", "churn"}.isdisjoint(words)
    return customer and not _GONE.isdisjoint(words)


def runs_the_crm(texts: Iterable[str]) -> bool:
    """Whether a title or role is that of the CRM's admin."""
    return any(
        _stands(phrase.split(), plain(text)) for text in texts for phrase in _ADMIN.split("|")
    )


def _bare(text: str) -> str:
    text = re.sub(r"__[a-z]+$", "", text.replace("ß", "ss"))
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _spaced(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", " ", _bare(text))


def _stands(parts: list[str], words: list[str]) -> bool:
    size = len(parts)
    return any(words[start : start + size] == parts for start in range(len(words) - size + 1))


def _another(words: list[str], parts: list[str]) -> bool:
    return any(one in _NO_HOLDER for one in words if one not in parts)
