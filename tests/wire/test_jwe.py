"""Sealed texts of jobs: what joserfc opens and what we open of joserfc's, and all that is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe as peer
from joserfc.jwk import ECKey, OctKey

from sojourn.errors import Malformed
from sojourn.wire import base64url, job, jwe

NONCE = b"n" * 12
SHARED = b"k" * 32
ALGORITHMS = ["ECDH-ES", "dir", "A256GCM"]
TEXT = job.JobText("", "https://id.example", 2_000_000_000_000, "j1")


def pair() -> tuple[dict[str, Any], dict[str, Any]]:
    return job.new_keys()


def sealed(key: Any, content: bytes = b"render") -> str:
    to = job.recipient(key)
    told = job.JobText(to.kid, TEXT.aud, TEXT.exp, TEXT.jti)
    return told.sealed(content, to, nonce=NONCE)


@pytest.mark.parametrize("kind", ["public", "shared"])
def test_joserfc_opens_what_we_seal(kind: str):
    private, public = pair()
    key: Any = ECKey.import_key(private) if kind == "public" else OctKey.import_key(SHARED)
    text = sealed(public if kind == "public" else SHARED)
    open_to_all = peer.JWERegistry(algorithms=ALGORITHMS, strict_check_header=False)
    found = peer.decrypt_compact(text, key, registry=open_to_all)
    assert found.plaintext == b"render"
    told = found.protected
    assert (told["v"], told["aud"], told["exp"], told["jti"]) == (1, TEXT.aud, 2_000_000_000, "j1")
    assert told["typ"] == "sojourn-job+jwe"


@pytest.mark.parametrize("kind", ["public", "shared"])
def test_we_open_what_joserfc_seals(kind: str):
    private, public = pair()
    key: Any = ECKey.import_key(public) if kind == "public" else OctKey.import_key(SHARED)
    alg = "ECDH-ES" if kind == "public" else "dir"
    text = peer.encrypt_compact(
        {"alg": alg, "enc": "A256GCM"}, b"render", key, algorithms=ALGORITHMS
    )
    opener = job.opener(private if kind == "public" else SHARED)
    assert jwe.open(text, opener.key) == b"render"


def test_two_texts_never_share_a_key():
    _, public = pair()
    assert (
        json.loads(base64url.decode(sealed(public).split(".")[0]))["epk"]
        != json.loads(base64url.decode(sealed(public).split(".")[0]))["epk"]
    )


@pytest.mark.parametrize("kind", ["public", "shared"])
def test_what_is_altered_is_refused_in_every_part(kind: str):
    private, public = pair()
    text = sealed(public if kind == "public" else SHARED)
    key = job.opener(private if kind == "public" else SHARED).key
    parts = text.split(".")
    for at, part in enumerate(parts):
        changed = _changed(part)
        other = ".".join((*parts[:at], changed, *parts[at + 1 :]))
        with pytest.raises(Malformed):
            jwe.open(other, key)
    for at in range(0, len(text), 7):
        with pytest.raises(Malformed):
            jwe.open(text[:at], key)


def _changed(part: str) -> str:
    if not part:
        return "AAAA"
    raw = bytearray(base64url.decode(part))
    raw[-2] ^= 1
    return base64url.encode(bytes(raw))


@pytest.mark.parametrize(
    "member",
    [
        {"enc": "A128GCM"},
        {"alg": "RSA-OAEP"},
        {"alg": "none"},
        {"zip": "DEF"},
        {"crit": ["exp"]},
        {"apu": "AA"},
        {"epk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
        {"epk": None},
    ],
)
def test_other_ways_of_sealing_are_refused(member: dict[str, Any]):
    private, public = pair()
    parts = sealed(public).split(".")
    header = json.loads(base64url.decode(parts[0])) | member
    parts[0] = base64url.encode(json.dumps(header).encode())
    with pytest.raises(Malformed):
        jwe.open(".".join(parts), job.opener(private).key)


def test_anothers_key_opens_nothing():
    _, public = pair()
    other, _ = pair()
    for text, key in ((sealed(public), job.opener(other).key), (sealed(SHARED), b"x" * 32)):
        with pytest.raises(Malformed):
            jwe.open(text, key)
    with pytest.raises(Malformed):
        jwe.open(sealed(SHARED), job.opener(other).key)
    with pytest.raises(Malformed):
        jwe.open(sealed(public), SHARED)


def test_a_key_that_will_not_do_is_refused_and_never_shown():
    private, public = pair()
    other, _ = pair()
    for key in (
        private,
        {"kty": "oct", "k": "AAAA"},
        {"kty": "OKP", "crv": "X25519", "x": "AAAA"},
        {**public, "use": "sig"},
        {**public, "y": other["y"]},
        b"short",
    ):
        with pytest.raises(Malformed) as caught:
            job.recipient(key)
        assert private["d"] not in str(caught.value)
    for key in (public, {**private, "d": other["d"]}, {**private, "d": "AA"}, b"x" * 31):
        with pytest.raises(Malformed) as caught:
            job.opener(key)
        assert private["d"] not in f"{caught.value}{caught.value.__context__}"
    with pytest.raises(Malformed):
        jwe.seal(b"", SHARED, {}, nonce=b"")
    large = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(Malformed):
        jwe.open(sealed(public), large)


def test_the_envelope_of_another_kind_or_a_later_version_is_told():
    _, public = pair()
    parts = sealed(public).split(".")
    for member, kind in (({"v": 2}, job.NewerJob), ({"v": 0}, Malformed), ({"v": True}, Malformed),
                         ({"typ": "JWT"}, Malformed), ({"kid": ""}, Malformed),
                         ({"aud": "x" * 3000}, Malformed), ({"exp": "soon"}, Malformed)):  # fmt: skip
        header = json.loads(base64url.decode(parts[0])) | member
        changed = ".".join((base64url.encode(json.dumps(header).encode()), *parts[1:]))
        with pytest.raises(Malformed) as caught:
            job.JobText.parse(changed)
        assert type(caught.value) is kind


def test_a_farms_key_is_read_from_text():
    private, public = pair()
    text = sealed(public)
    told = job.JobText.parse(text)
    opener = job.opener_of(json.dumps(private))
    assert told.kid in opener.kids
    assert jwe.open(text, opener.key) == b"render"
    shared = job.opener_of(base64url.encode(SHARED) + "\n")
    assert jwe.open(sealed(SHARED), shared.key) == b"render"
    for bad in ("", "{}", "x", "{", base64url.encode(b"short")):
        with pytest.raises(Malformed):
            job.opener_of(bad)
