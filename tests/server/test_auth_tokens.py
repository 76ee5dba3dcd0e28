"""Access tokens, station assertions and the key file: what is made, and every flaw that is refused."""

import json
import os
import stat
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.decision import Reason, Refusal
from app.domain.identity import PlantId, StationId, UserId
from app.domain.permissions import Role
from app.server.auth.access_tokens import (
    AccessTokens,
    Bearer,
    Claims,
    claimed_station,
    read_assertion,
)
from app.server.auth.settings import AuthSettings
from app.server.auth.token_keys import TokenKeys, TokenKeysFailed, open_token_keys, thumbprint
from app.wire.account import ASSERTION_AUDIENCE

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
PERSON = UserId(UUID(int=7))
STATION = StationId(UUID(int=8))
SESSION = UUID(int=9)
TOKEN = UUID(int=10)


class Clock:
    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    return tmp_path / "server" / "token-keys.json"


@pytest.fixture
def keys(keys_file: Path) -> TokenKeys:
    return open_token_keys(keys_file, os.urandom)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(keys: TokenKeys, keys_file: Path, clock: Clock) -> AccessTokens:
    return AccessTokens(keys, AuthSettings(keys_file=keys_file), clock, lambda: TOKEN)


BEARER = Bearer(
    user_id=PERSON,
    email="marek.novak@plant.example",
    role=Role.PRODUCTION_MANAGER,
    department="Production",
    plant_id=PlantId("brno"),
    session_id=SESSION,
)


def forged(keys: TokenKeys, *, headers: dict[str, Any] | None = None, **changed: Any) -> str:
    """A token signed with the server's own key, but for what is changed; None takes a claim away."""
    claims: dict[str, Any] = {
        "iss": "batchwright",
        "aud": "batchwright-api",
        "sub": str(PERSON),
        "role": "Production Manager",
        "plant_id": "brno",
        "sid": str(SESSION),
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
        "jti": str(TOKEN),
        **changed,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    named = {"typ": "at+jwt", "kid": keys.kid, **(headers or {})}
    return jwt.encode(kept, keys.private, algorithm="EdDSA", headers=named)


def unsigned(keys: TokenKeys) -> str:
    head = {"alg": "none", "typ": "at+jwt", "kid": keys.kid}
    parts = [head, jwt.decode(forged(keys), options={"verify_signature": False})]
    spelled = [urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts]
    return ".".join([*spelled, ""])


def refused(answer: Claims | Refusal) -> bool:
    return isinstance(answer, Refusal) and answer.reason is Reason.SIGNED_OUT


def test_a_token_says_what_the_specification_asks(tokens: AccessTokens, keys: TokenKeys) -> None:
    token = tokens.for_person(BEARER)
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": "at+jwt", "kid": keys.kid}
    said = jwt.decode(token, options={"verify_signature": False})
    assert said["sub"] == str(PERSON)
    assert said["email"] == "marek.novak@plant.example"
    assert (said["role"], said["department"], said["plant_id"]) == (
        "Production Manager",
        "Production",
        "brno",
    )
    assert {"batch.create", "batch.issue", "quality.deviation.investigate"} <= set(said["permissions"])
    assert "batch.approve" not in said["permissions"]
    assert said["exp"] - said["iat"] == 15 * 60
    assert (said["iss"], said["aud"], said["jti"]) == ("batchwright", "batchwright-api", str(TOKEN))


def test_a_token_of_this_server_is_read_back(tokens: AccessTokens) -> None:
    claims = tokens.read(tokens.for_person(BEARER))
    assert isinstance(claims, Claims)
    assert (claims.user_id, claims.session_id, claims.role, claims.plant_id, claims.station_id) == (
        PERSON,
        SESSION,
        Role.PRODUCTION_MANAGER,
        "brno",
        None,
    )


def test_a_workstations_token_names_the_workstation_and_no_person(tokens: AccessTokens) -> None:
    claims = tokens.read(tokens.for_station(STATION, PlantId("brno")))
    assert isinstance(claims, Claims)
    assert (claims.station_id, claims.user_id, claims.role) == (STATION, None, None)


def test_a_token_ends_after_a_quarter_of_an_hour(tokens: AccessTokens, clock: Clock) -> None:
    token = tokens.for_person(BEARER)
    clock.now = NOW + timedelta(minutes=14, seconds=59)
    assert not refused(tokens.read(token))
    clock.now = NOW + timedelta(minutes=15)
    assert refused(tokens.read(token))


def test_a_token_from_the_future_is_refused(tokens: AccessTokens, clock: Clock) -> None:
    token = tokens.for_person(BEARER)
    clock.now = NOW - timedelta(minutes=1)
    assert refused(tokens.read(token))


def test_a_token_of_no_algorithm_is_refused(tokens: AccessTokens, keys: TokenKeys) -> None:
    assert refused(tokens.read(unsigned(keys)))


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    tokens: AccessTokens, keys: TokenKeys
) -> None:
    claims = jwt.decode(forged(keys), options={"verify_signature": False})
    secret = keys.private.public_key().public_bytes_raw()
    token = jwt.encode(claims, secret, algorithm="HS256", headers={"typ": "at+jwt", "kid": keys.kid})
    assert refused(tokens.read(token))


@pytest.mark.parametrize(
    "headers",
    [
        {"kid": "another"},
        {"kid": None},
        {"typ": "JWT"},
        {"jku": "https://attacker.example/jwks"},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}},
        {"x5u": "https://attacker.example/cert"},
    ],
    ids=["unknown kid", "no kid", "another type", "jku", "jwk", "x5u"],
)
def test_a_token_with_a_header_we_did_not_write_is_refused(
    tokens: AccessTokens, keys: TokenKeys, headers: dict[str, Any]
) -> None:
    made = {name: value for name, value in headers.items() if value is not None}
    if headers.get("kid", "") is None:
        claims = jwt.decode(forged(keys), options={"verify_signature": False})
        token = jwt.encode(claims, keys.private, algorithm="EdDSA", headers={"typ": "at+jwt"})
    else:
        token = forged(keys, headers=made)
    assert refused(tokens.read(token))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another-api"},
        {"iss": "another-server"},
        {"aud": None},
        {"iss": None},
        {"sub": None},
        {"exp": None},
        {"iat": None},
        {"jti": None},
        {"sid": None},
        {"plant_id": None},
        {"sub": "nobody"},
        {"role": "Emperor"},
    ],
    ids=str,
)
def test_a_token_with_another_or_a_missing_claim_is_refused(
    tokens: AccessTokens, keys: TokenKeys, changed: dict[str, Any]
) -> None:
    assert refused(tokens.read(forged(keys, **changed)))


def test_a_token_signed_by_another_key_is_refused(tokens: AccessTokens, keys: TokenKeys) -> None:
    claims = jwt.decode(forged(keys), options={"verify_signature": False})
    stranger = Ed25519PrivateKey.generate()
    token = jwt.encode(claims, stranger, algorithm="EdDSA", headers={"typ": "at+jwt", "kid": keys.kid})
    assert refused(tokens.read(token))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ey.ey.ey", "\x00" * 50, "é.é.é"])
def test_what_is_no_token_at_all_is_refused(tokens: AccessTokens, token: str) -> None:
    assert refused(tokens.read(token))


def test_a_refresh_token_is_no_access_token(tokens: AccessTokens, keys: TokenKeys) -> None:
    assert refused(tokens.read(keys.successor("any")))


# --- a workstation's assertion ----------------------------------------------------------------------------------------


STATION_KEY = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)


def assertion(*, key: Ed25519PrivateKey = STATION_KEY, **changed: Any) -> str:
    claims: dict[str, Any] = {
        "iss": str(STATION),
        "sub": str(STATION),
        "aud": ASSERTION_AUDIENCE,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
        "jti": "0123456789abcdef",
        **changed,
    }
    return jwt.encode(
        {name: value for name, value in claims.items() if value is not None}, key, algorithm="EdDSA"
    )


PUBLIC = STATION_KEY.public_key().public_bytes_raw()


def test_a_workstations_proof_is_read() -> None:
    proof = read_assertion(assertion(), PUBLIC, NOW)
    assert proof is not None
    assert (proof.station_id, proof.token_id) == (STATION, "0123456789abcdef")
    assert claimed_station(assertion()) == STATION


def test_a_proof_ends_after_its_minute() -> None:
    assert read_assertion(assertion(), PUBLIC, NOW + timedelta(seconds=89)) is not None
    assert read_assertion(assertion(), PUBLIC, NOW + timedelta(seconds=90)) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "batchwright-api"},
        {"sub": str(UUID(int=99))},
        {"exp": int(NOW.timestamp()) + 61},
        {"iat": int(NOW.timestamp()) + 31},
        {"jti": None},
        {"jti": "short"},
        {"exp": None},
        {"aud": None},
    ],
    ids=str,
)
def test_a_flawed_proof_is_refused(changed: dict[str, Any]) -> None:
    assert read_assertion(assertion(**changed), PUBLIC, NOW) is None


def test_a_proof_by_another_key_is_refused() -> None:
    assert read_assertion(assertion(key=Ed25519PrivateKey.generate()), PUBLIC, NOW) is None


def test_a_proof_by_a_shared_secret_is_refused() -> None:
    claims = jwt.decode(assertion(), options={"verify_signature": False})
    assert read_assertion(jwt.encode(claims, PUBLIC, algorithm="HS256"), PUBLIC, NOW) is None


@pytest.mark.parametrize("text", ["", "a.b.c", "nothing"])
def test_what_is_no_proof_names_no_workstation(text: str) -> None:
    assert claimed_station(text) is None


# --- the key file -----------------------------------------------------------------------------------------------------


def test_the_keys_are_made_once_and_read_by_their_owner_alone(keys_file: Path, keys: TokenKeys) -> None:
    assert stat.S_IMODE(keys_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys_file.parent.stat().st_mode) == 0o700
    again = open_token_keys(keys_file, os.urandom)
    assert again.kid == keys.kid
    assert again.successor("token") == keys.successor("token")
    assert [each.name for each in keys_file.parent.iterdir()] == [keys_file.name]


def test_published_keys_hold_no_private_part(keys: TokenKeys) -> None:
    (key,) = keys.jwks["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert key["kid"] == keys.kid == thumbprint(keys.private.public_key())
    assert keys.private.private_bytes_raw().hex() not in repr(keys)
    assert keys.refresh_secret.hex() not in repr(keys)


def test_a_retired_key_still_verifies_and_no_longer_signs(
    keys_file: Path, keys: TokenKeys, tokens: AccessTokens, clock: Clock
) -> None:
    old = tokens.for_person(BEARER)
    content = json.loads(keys_file.read_text())
    content["signing"].insert(0, (b"\x06" * 32).hex())
    keys_file.write_text(json.dumps(content))
    renewed = open_token_keys(keys_file, os.urandom)
    assert renewed.kid != keys.kid
    assert [each["kid"] for each in renewed.jwks["keys"]] == [renewed.kid, keys.kid]
    after = AccessTokens(renewed, AuthSettings(keys_file=keys_file), clock, lambda: TOKEN)
    assert not refused(after.read(old))
    assert jwt.get_unverified_header(after.for_person(BEARER))["kid"] == renewed.kid


def test_a_key_file_that_others_can_read_is_refused(keys_file: Path, keys: TokenKeys) -> None:
    keys_file.chmod(0o644)
    with pytest.raises(TokenKeysFailed, match="set its mode to 0600"):
        open_token_keys(keys_file, os.urandom)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 2}', '{"version": 1, "signing": ["zz"]}'])
def test_a_damaged_key_file_is_said_in_one_sentence(keys_file: Path, keys: TokenKeys, content: str) -> None:
    keys_file.write_text(content)
    with pytest.raises(TokenKeysFailed, match="is damaged"):
        open_token_keys(keys_file, os.urandom)
