from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from worker.fields_read import account_fields
from worker.settings import SettingsError, load_settings

POLICY = """\
routes:
  - name: All
    to: person:a@b.example
ladder:
  - {to: assignee}
places:
  admins: [a@b.example]
"""
INDENTED = "".join(f"  {line}\n" for line in POLICY.splitlines())
LEAST = "crm: csv\ncsv: {folder: crm}\npolicy:\n" + INDENTED


def written(tmp_path: Path, text: str | bytes, name: str = "hotlead.yaml") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems(tmp_path: Path, text: str | bytes) -> list[str]:
    """The lines of the error, without the folder, each checked to have a mend."""
    with pytest.raises(SettingsError) as caught:
        load_settings(written(tmp_path, text))
    lines = str(caught.value).splitlines()
    assert all(". Mend: " in line for line in lines)
    return [line.removeprefix(f"{tmp_path}/") for line in lines]


def test_the_least_file_has_the_stated_defaults(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, LEAST))
    assert settings.web.listen == "127.0.0.1:8370"
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8370)
    limits = settings.signals
    assert (limits.max_body_bytes, limits.max_batch) == (1_000_000, 1000)
    assert (limits.max_age_days, limits.future_tolerance_seconds) == (30, 300)
    assert make_url(settings.store.url).database == str(tmp_path / "hotlead.db")
    assert settings.csv is not None
    assert settings.csv.folder == tmp_path / "crm"


def test_the_policy_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    written(tmp_path, POLICY, "policy.yaml")
    whole = load_settings(written(tmp_path, LEAST, "whole.yaml"))
    apart = load_settings(written(tmp_path, "crm: csv\ncsv: {folder: crm}\npolicy: policy.yaml\n"))
    assert apart.policy == whole.policy


def test_a_problem_of_the_policys_own_file_names_that_file(tmp_path: Path) -> None:
    written(tmp_path, POLICY.replace("admins", "admin"), "policy.yaml")
    found = problems(tmp_path, "crm: csv\ncsv: {folder: crm}\npolicy: policy.yaml\n")
    assert any(line.startswith("policy.yaml:7:3: unknown key 'admin'") for line in found)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("nowhere.yaml", "3:9: the policy file is not there"),
        ("hotlead.yaml", "3:9: the policy names this very file"),
        ('""', "3:9: the policy file is not there"),
        ('"a\\0b"', "3:9: the policy file is not there"),
        ("7", "3:9: policy: input should be an object"),
    ],
)
def test_a_policy_that_leads_nowhere_is_named(tmp_path: Path, value: str, what: str) -> None:
    (line,) = problems(tmp_path, f"crm: csv\ncsv: {{folder: crm}}\npolicy: {value}\n")
    assert line.startswith(f"hotlead.yaml:{what}")


def test_a_policy_file_may_not_name_another(tmp_path: Path) -> None:
    written(tmp_path, "policy: hotlead.yaml\n", "policy.yaml")
    (line,) = problems(tmp_path, "crm: csv\ncsv: {folder: crm}\npolicy: policy.yaml\n")
    assert line.startswith("policy.yaml:1:1: ")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("", "1:1: the file is empty"),
        ("# only a comment\n", "1:1: the file is empty"),
        ("- a\n- b\n", "1:1: is not a mapping"),
        ("just words\n", "1:1: is not a mapping"),
        ("crm: csv\n\tweb: {}\n", "2:1: a tab"),
        ("crm: csv\nweb: [\n", "3:1: "),
        ("crm: csv\ncrm: hubspot\n", "2:1: the key 'crm' stands here a second time"),
        ("web: {listen: '127.0.0.1:1', listen: x}\n", "1:30: the key 'listen' stands"),
        ("a: &x {b: 1}\nc: *x\n", "1:4: an anchor"),
        ("a: &x [*x]\n", "1:4: an anchor"),
        ("a: *x\n", "1:4: "),
        ("1: a\n", "1:1: the key '1' is not a text"),
        ("? [a]\n: b\n", "1:3: the key '?' is not a text"),
        ("a: !!python/object:os.system x\n", "1:4: "),
        ("a: 1\n---\nb: 2\n", "2:1: "),
        (b"crm: csv\nweb: \xff\n", "2:6: is not UTF-8"),
        ("crm: csv\nweb: a\x00b\n", "2:7: a character that YAML does not allow"),
        ("a" * 1_000_001, "1:1: the file is larger than"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(
    tmp_path: Path, text: str | bytes, start: str
) -> None:
    assert problems(tmp_path, text)[0].startswith(f"hotlead.yaml:{start}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"hotlead\.yaml:1:1: the file does not exist"):
        load_settings(tmp_path / "hotlead.yaml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)


def test_every_problem_is_listed_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "crm: cvs\nwbe: {}\nsignals:\n  max_batch: many\n  max_bach: 3\n" + LEAST[9:]
    found = problems(tmp_path, text)
    assert found[0].startswith("hotlead.yaml:1:6: crm: ")
    assert found[1] == "hotlead.yaml:2:1: unknown key 'wbe'. Mend: did you mean 'web'?"
    assert found[2].startswith("hotlead.yaml:4:14: max_batch: ")
    assert found[3] == "hotlead.yaml:5:3: unknown key 'max_bach'. Mend: did you mean 'max_batch'?"
    assert len(found) == 4


@pytest.mark.parametrize(
    ("old", "new", "start"),
    [
        ("places:", "paces:", "9:3: unknown key 'paces'. Mend: did you mean 'places'?"),
        ("to: assignee", "too: assignee", "8:8: unknown key 'too'. Mend: did you mean 'to'?"),
        ("to: assignee", "to: boss", "8:12: to: "),
        ("person:a@b.example", "the_ae", "6:11: routes: 'All' goes to 'the_ae'"),
        ("a@b.example]", "nobody]", "10:14: admins: 'nobody' is no e-mail address"),
    ],
)
def test_a_problem_inside_the_policy_points_at_its_line(
    tmp_path: Path, old: str, new: str, start: str
) -> None:
    found = problems(tmp_path, LEAST.replace(old, new, 1))
    assert any(line.startswith(f"hotlead.yaml:{start}") for line in found), found


@pytest.mark.parametrize("crm", ["csv", "salesforce"])
def test_a_chosen_crm_without_its_section_is_named(tmp_path: Path, crm: str) -> None:
    (line,) = problems(tmp_path, f"crm: {crm}\npolicy:\n{INDENTED}")
    assert line.startswith(f"hotlead.yaml:1:6: crm: {crm} is chosen but has no section")


def test_hubspot_needs_no_section(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, f"crm: hubspot\npolicy:\n{INDENTED}"))
    assert settings.hubspot.base_url.startswith("https://")


@pytest.mark.parametrize(
    ("listen", "good"),
    [
        ("127.0.0.1:0", True),
        ("127.0.0.2:80", True),
        ("localhost:8370", True),
        ("[::1]:8370", True),
        ("0.0.0.0:8370", False),
        ("[::]:8370", False),
        ("192.168.1.5:8370", False),
        ("example.com:8370", False),
        ("8370", False),
        ("127.0.0.1:", False),
        ("127.0.0.1:99999", False),
        ("127.0.0.1:http", False),
    ],
)
def test_plain_http_is_for_loopback_only(tmp_path: Path, listen: str, good: bool) -> None:
    text = f'web: {{listen: "{listen}"}}\n{LEAST}'
    if good:
        assert load_settings(written(tmp_path, text)).web.listen == listen
    else:
        (line,) = problems(tmp_path, text)
        assert line.startswith("hotlead.yaml:1:15: listen: ")


def test_another_address_is_good_behind_a_proxy(tmp_path: Path) -> None:
    text = f'web: {{listen: "0.0.0.0:8370", behind_proxy: true}}\n{LEAST}'
    assert load_settings(written(tmp_path, text)).web.host == "0.0.0.0"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("sqlite:////var/lib/h.db", "sqlite:////var/lib/h.db"),
        ("postgresql://u:p@db/h", "postgresql+psycopg://u:p@db/h"),
        ("postgresql+psycopg://u:p@db/h", "postgresql+psycopg://u:p@db/h"),
    ],
)
def test_a_store_may_be_elsewhere_and_its_password_is_not_shown(
    tmp_path: Path, url: str, kept: str
) -> None:
    settings = load_settings(written(tmp_path, f"store: {{url: '{url}'}}\n{LEAST}"))
    assert settings.store.url == kept
    assert kept not in repr(settings)


@pytest.mark.parametrize(
    "url", ["mysql://u:secretpw@db/h", "sqlite://", "hotlead.db", "x://:secretpw"]
)
def test_another_store_is_refused_without_showing_the_password(tmp_path: Path, url: str) -> None:
    (line,) = problems(tmp_path, f"store: {{url: '{url}'}}\n{LEAST}")
    assert line.startswith("hotlead.yaml:1:14: url: ")
    assert "secretpw" not in line


def test_account_fields_come_from_the_role_sources(tmp_path: Path) -> None:
    roles = (
        "  roles:\n"
        "    bdr: ['field:account.BDR__c', 'team:BDR']\n"
        "    csm: ['field:account.CSM__c', 'field:account.BDR__c']\n"
    )
    text = "crm: hubspot\nhubspot: {account_fields: [Tier, CSM__c]}\npolicy:\n" + roles + INDENTED
    settings = load_settings(written(tmp_path, text))
    assert account_fields(settings.policy) == ("BDR__c", "CSM__c")
    assert settings.hubspot.account_fields == ("Tier", "CSM__c", "BDR__c")


def test_a_region_without_known_holidays_is_named_with_its_line(tmp_path: Path) -> None:
    rule = (
        "  holidays:\n    region: Atlantis\n    people: {a@b.example: US-CA, c@b.example: US-XX}\n"
    )
    first, second = problems(tmp_path, LEAST + rule)
    assert first.startswith("hotlead.yaml:12:13: 'Atlantis' is no region")
    assert second.startswith("hotlead.yaml:13:")
    assert "US-XX" in second
    apart = POLICY + "holidays: {region: Atlantis}\n"
    written(tmp_path, apart, "policy.yaml")
    (only,) = problems(tmp_path, "crm: csv\ncsv: {folder: crm}\npolicy: policy.yaml\n")
    assert only.startswith("policy.yaml:8:20: ")


def test_a_surface_that_nothing_could_be_sent_on_is_named_with_its_line(tmp_path: Path) -> None:
    text = LEAST + "  rep_choice: {surfaces: [slack, pigeon]}\n"
    (line,) = problems(tmp_path, text)
    assert line.startswith("hotlead.yaml:11:34: 'pigeon' is no surface. Mend: ")
