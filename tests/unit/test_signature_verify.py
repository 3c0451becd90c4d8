from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from worker.intake.signature import SecretError, check_secrets, sign, verify

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
VECTORS = SHARED / "reference" / "events" / "signature-vectors.json"
NOW = datetime(2026, 5, 25, 14, 0, tzinfo=UTC)
OLD = "whsec_" + "b2xkb2xkb2xkb2xkb2xkb2xkb2xk"
NEW = "whsec_" + "bmV3bmV3bmV3bmV3bmV3bmV3bmV3"
BODY = '{"id": "é"}'.encode()


def vectors() -> list[dict[str, Any]]:
    if not VECTORS.exists():
        return []
    rows = json.loads(VECTORS.read_text(encoding="utf-8"))
    return [row for row in rows if row["scheme"] == "standard-webhooks-v1"]


@pytest.mark.shared
@pytest.mark.skipif(not VECTORS.exists(), reason="no shared reference folder beside the checkout")
def test_the_published_vectors_are_judged_as_published() -> None:
    rows = vectors()
    assert {row["valid"] for row in rows} == {True, False}
    for row in rows:
        headers = {
            "webhook-id": row["id"],
            "webhook-timestamp": row["timestamp"],
            "webhook-signature": row["signature"],
        }
        now = datetime.fromtimestamp(int(row["timestamp"]), UTC)
        reason = verify(row["secret"], headers, row["body"].encode(), now)
        assert (reason is None) is row["valid"]


def test_what_we_sign_the_package_accepts() -> None:
    now = datetime.now(UTC)
    Webhook(NEW).verify(BODY, sign(NEW, "msg_1", now, BODY), json_parse=False)


def test_either_secret_is_good_while_one_is_rotated() -> None:
    for secret in (OLD, NEW):
        assert verify(f"{NEW} {OLD}", sign(secret, "msg_1", NOW, BODY), BODY, NOW) is None
    assert verify(NEW, sign(OLD, "msg_1", NOW, BODY), BODY, NOW) == "no signature matches"


def test_one_good_signature_among_others_is_enough_and_header_names_have_any_case() -> None:
    headers = sign(NEW, "msg_1", NOW, BODY)
    headers["webhook-signature"] = f"v1a,xyz v1,AAAA {headers['webhook-signature']} junk"
    shouted = {name.upper(): value for name, value in headers.items()}
    assert verify(NEW, shouted, BODY, NOW) is None


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_stamp_at_the_edge_of_the_tolerance_is_good(seconds: int) -> None:
    headers = sign(NEW, "msg_1", NOW + timedelta(seconds=seconds), BODY)
    assert verify(NEW, headers, BODY, NOW) is None


@pytest.mark.parametrize(("seconds", "side"), [(-301, "behind"), (301, "ahead of")])
def test_a_stamp_too_far_to_either_side_of_our_clock_is_refused(seconds: int, side: str) -> None:
    headers = sign(NEW, "msg_1", NOW + timedelta(seconds=seconds), BODY)
    assert side in (verify(NEW, headers, BODY, NOW) or "")


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = sign(NEW, "msg_1", NOW, BODY)
    del headers[name]
    assert verify(NEW, headers, BODY, NOW) == f"the header {name} is missing"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-id", "x" * 201),
        ("webhook-timestamp", "nan"),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-timestamp", "١٢٣"),
        ("webhook-signature", "v1"),
        ("webhook-signature", ","),
        ("webhook-signature", "v1,é%"),
        ("webhook-signature", "v2,AAAA"),
    ],
)
def test_a_forged_or_shapeless_header_is_a_reason_and_no_crash(name: str, value: str) -> None:
    headers = {**sign(NEW, "msg_1", NOW, BODY), name: value}
    assert verify(NEW, headers, BODY, NOW)


def test_a_changed_body_is_refused() -> None:
    headers = sign(NEW, "msg_1", NOW, BODY)
    assert verify(NEW, headers, BODY + b" ", NOW) == "no signature matches"
    assert verify(NEW, headers, b"\xff", NOW) == "the body is not UTF-8"


@pytest.mark.parametrize(
    "secrets", ["", "  ", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", f"{NEW} x"]
)
def test_a_shapeless_secret_is_refused_and_not_shown(secrets: str) -> None:
    with pytest.raises(SecretError) as caught:
        check_secrets(secrets)
    for secret in secrets.split():
        assert secret == "x" or secret == "whsec_" or secret not in str(caught.value)
