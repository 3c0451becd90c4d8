"""What the doctor finds in a Slack workspace, and who of the team cannot be reached there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.base import Check
from connectors.sandbox.faults import Fault
from connectors.sandbox.slack.state import BOT_USER
from tests.contract import slack_kit
from tests.contract.doctor_kit import not_well, only, policy_for, practice
from tests.contract.slack_kit import Kit

CHANNELS = ("#hot-leads", "#sales-leadership")


@pytest.fixture
def kit() -> Iterator[Kit]:
    with slack_kit.workspace() as made:
        yield made


def look(kit: Kit, channels: tuple[str, ...] = CHANNELS, **tokens: str | None) -> list[Check]:
    return list(kit.surface(**tokens).checks(channels))  # type: ignore[arg-type]


def test_a_workspace_with_everything_is_well(kit: Kit) -> None:
    checks = look(kit)
    assert not_well(checks) == {}
    assert [one.name for one in checks] == [
        "slack log-in",
        "slack scopes",
        "slack socket",
        "slack #hot-leads",
        "slack #sales-leadership",
    ]
    assert kit.sandbox.messages() == []


@pytest.mark.parametrize("token", ["xoxb-wrong", "xapp-sandbox-app"])
def test_a_refused_bot_token_ends_the_look(kit: Kit, token: str) -> None:
    [login] = look(kit, bot_token=token)
    assert login.state == "fail"
    assert "xoxb-" in login.mend
    assert token not in str(login)


def test_missing_scopes_are_named(kit: Kit) -> None:
    kit.sandbox.scopes -= {"im:write", "metadata.message:read"}
    check = only(look(kit), "slack scopes")
    assert check.state == "fail"
    assert check.text.endswith("im:write, metadata.message:read")
    assert "manifest" in check.mend


@pytest.mark.parametrize("token", ["xapp-wrong", "xoxb-sandbox-bot", None])
def test_an_app_token_that_opens_no_socket_is_told(kit: Kit, token: str | None) -> None:
    check = only(look(kit, app_token=token), "slack socket")
    assert check.state == "fail"
    assert "HOTLEAD_SLACK_APP_TOKEN" in check.mend
    assert str(token) not in str(check)


def test_a_channel_that_is_not_there_is_told(kit: Kit) -> None:
    checks = look(kit, ("#nowhere", *CHANNELS))
    assert not_well(checks) == {"slack #nowhere": "fail"}
    assert "/invite @Hotlead" in only(checks, "slack #nowhere").mend


@pytest.mark.parametrize("private", [False, True])
def test_a_channel_without_the_app_in_it_is_told(kit: Kit, private: bool) -> None:
    kit.sandbox.state.add_channel("closers", private=private, invite_bot=False)
    check = only(look(kit, ("#closers",)), "slack #closers")
    assert check.state == "fail"
    assert "/invite @Hotlead" in check.mend
    [channel] = [one for one in kit.sandbox.state.channels.values() if one.name == "closers"]
    channel.members.add(BOT_USER)
    assert only(look(kit, ("#closers",)), "slack #closers").state == "ok"


def test_an_archived_channel_is_told(kit: Kit) -> None:
    kit.sandbox.state.channel("hot-leads").archived = True
    assert only(look(kit), "slack #hot-leads").state == "fail"


def test_one_look_that_fails_stops_no_other(kit: Kit) -> None:
    kit.sandbox.faults.order(
        Fault(kind="status", path="/api/apps.connections.open", status=500, times=-1)
    )
    kit.sandbox.faults.order(
        Fault(kind="status", path="/api/conversations.info", status=200, body={"ok": True})
    )
    assert not_well(look(kit)) == {"slack socket": "fail", "slack #hot-leads": "fail"}


def test_reps_who_are_not_on_slack_are_listed_by_e_mail(tmp_path: Path, store_url: str) -> None:
    away_from_slack = {"on_slack": False}
    with practice(
        tmp_path, store_url, "salesforce", bea=away_from_slack, mia=away_from_slack
    ) as made:
        check = made.found("slack people")
    assert check.state == "warn"
    assert check.text.startswith("2 of 6 people")
    assert check.text.endswith("bea@team.example, mia@team.example")
    assert "invite them" in check.mend


def test_an_admin_who_is_not_on_slack_is_a_failure(tmp_path: Path, sqlite_url: str) -> None:
    with practice(tmp_path, sqlite_url, "hubspot", ada={"on_slack": False}) as made:
        check = made.found("slack admins")
    assert check.state == "fail"
    assert "ada@team.example" in check.text


def test_only_those_who_may_be_told_are_looked_up(tmp_path: Path, sqlite_url: str) -> None:
    with practice(tmp_path, sqlite_url, "salesforce", cid={"on_slack": False}) as made:
        roles = policy_for("salesforce")["roles"] | {"csm": ["owner:account"]}
        made.configure(policy={"roles": roles})
        check = made.found("slack people")
    assert check.state == "ok", check.text


def test_owners_and_team_members_are_among_those_who_may_be_told(
    tmp_path: Path, store_url: str
) -> None:
    off = {"on_slack": False}
    with practice(tmp_path, store_url, "salesforce", cid=off, mia=off, bea=off) as made:
        box, ids = made.stage.sandbox, made.stage.ids
        box.create(
            "AccountTeamMember",
            AccountId=ids["acme"],
            UserId=ids["cid"],
            TeamMemberRole="Account Manager",
        )
        box.update("Contact", ids["nina"], OwnerId=ids["mia"])
        box.update("Account", ids["orphan"], OwnerId=ids["bea"])
        roles = {
            "bdr": ["team:account manager"],
            "ae": ["owner:prospect"],
            "csm": ["owner:account", "deal_team:nobody", "sending_rep"],
        }
        made.configure(policy={"roles": roles, "ladder": [{"to": "assignee"}, {"to": "admin"}]})
        made.sync()
        check = made.found("slack people")
    assert check.text.endswith("bea@team.example, cid@team.example, mia@team.example")


def test_a_missing_scope_for_e_mails_fails_one_check(tmp_path: Path, sqlite_url: str) -> None:
    with practice(tmp_path, sqlite_url, "salesforce") as made:
        made.stage.slack.scopes -= {"users:read.email"}
        check = made.found("slack people")
    assert check.state == "fail"
    assert "users:read.email" in check.mend


def test_a_slack_that_asks_for_a_long_pause_is_no_failure(tmp_path: Path, sqlite_url: str) -> None:
    with practice(tmp_path, sqlite_url, "salesforce") as made:
        pause = Fault(
            kind="status",
            path="/api/users.lookupByEmail",
            status=429,
            headers={"Retry-After": "60"},
            times=-1,
        )
        made.stage.slack.faults.order(pause)
        check = made.found("slack people")
    assert check.state == "warn"
    assert check.text.startswith("6 people could not be looked up")
