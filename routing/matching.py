"""Finds the account of a prospect who has none in the CRM: by e-mail domain, by company name."""

from __future__ import annotations

from collections.abc import Iterable

from routing.names import name_key
from routing.nouns import Account
from routing.policy_parts import Matching
from routing.snapshot import AccountMatch

_HOSTS = """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com
    aol.com icloud.com me.com mac.com gmx.com gmx.de gmx.net web.de t-online.de mail.com mail.ru
    yandex.ru yandex.com proton.me protonmail.com zoho.com qq.com 163.com 126.com naver.com
    orange.fr wanadoo.fr free.fr laposte.net libero.it comcast.net verizon.net att.net
    btinternet.com hotmail.co.uk yahoo.co.uk
"""
PUBLIC_DOMAINS = frozenset(_HOSTS.split())
"""Mail hosts that say nothing of a company."""
_BOTH, _DOMAIN, _SUBDOMAIN, _NAME = 0.98, 0.9, 0.8, 0.75


def domain_of(email: str, rule: Matching) -> str:
    """The domain that may name a company; '' for a mail host of everybody."""
    domain = email.rpartition("@")[2].lower()
    public = domain in PUBLIC_DOMAINS or domain in {one.lower() for one in rule.public_domains}
    return "" if public else domain


def domains_to_try(email: str, rule: Matching) -> tuple[str, ...]:
    """The domain and those above it, down to two labels: the look-up keys of accounts."""
    labels = domain_of(email, rule).split(".")
    return tuple(".".join(labels[start:]) for start in range(max(len(labels) - 1, 0)))


def best_match(
    email: str, company: str, accounts: Iterable[Account], rule: Matching
) -> AccountMatch | None:
    """The account that fits best and surely enough; none when two fit equally well."""
    domains = domains_to_try(email, rule) if "domain" in rule.by else ()
    wanted = name_key(company) if "name" in rule.by else ""
    found = [
        match
        for one in sorted(accounts, key=lambda row: row.id)
        if (match := _match(one, domains, wanted)) is not None
    ]
    best = max((one.confidence for one in found), default=0.0)
    top = [one for one in found if one.confidence == best]
    if len(top) != 1 or best < rule.least_confidence:
        return None
    return top[0]


def _match(account: Account, domains: tuple[str, ...], wanted: str) -> AccountMatch | None:
    by_name = bool(wanted) and account.name_key == wanted
    level = domains.index(account.domain.lower()) if account.domain.lower() in domains else None
    if level is not None:
        sure = _BOTH if by_name else (_DOMAIN if level == 0 else _SUBDOMAIN)
        why = f"their e-mail is of {account.domain}" + (", and the name fits" if by_name else "")
    elif by_name:
        sure, why = _NAME, f"their company is called {account.name}"
    else:
        return None
    return AccountMatch(account_id=account.id, confidence=sure, why=why)
