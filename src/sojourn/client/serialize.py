"""Users as text and back, for another process of the same person on the same machine: sealed with the store's key and
bound to a service and an end. Programs call it; below it are the sealed store, the user and the text's grammar."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from sojourn.client.cache.store import CredentialStore
from sojourn.client.env.wall_clock import wall_clock
from sojourn.client.keeper import SignedOut
from sojourn.client.loading import TOOLKIT, users_of
from sojourn.client.restoring import restored
from sojourn.client.running import run
from sojourn.client.user import User, of_record, of_script
from sojourn.client.user_dialect import options_of, proxy_url
from sojourn.client.who import Script, Who
from sojourn.errors import BadSerializedUser, IncompleteCredentials, Malformed
from sojourn.wire import base64url, seal
from sojourn.wire.serialized_user import NewerUser, SerializedUser, ToolkitUser

if TYPE_CHECKING:
    from sojourn.client.renewal import RenewingAuth

LIFE: Final = 86_400
"""Seconds that a serialised user is good for if nobody says otherwise: a working day and its night."""

_DOTS: Final = 4
"""A job's user is a compact JWE (RFC 7516 §7.1); the other kinds are JSON objects."""

_PURPOSE: Final = "serialised user"


def serialize_user(
    user: User,
    *,
    use_json: bool = True,
    for_job: str | None = None,
    scope: str | None = None,
    expires_in: int | None = None,
    recipient: Mapping[str, Any] | bytes | None = None,
) -> str:
    """Return `user` as a text that this person can read on this machine for `expires_in` seconds, 24 hours by default.

    It names the account of a stored user and holds none of their tokens; of a script it holds the key, of a user whom
    no store keeps the access token, sealed.

    `for_job` is a name that people see: the text then carries a credential of the job's own, which the session is
    exchanged for (RFC 8693) and which only works with the key in it. It is sealed to `recipient`, a public JWK or 32
    bytes that both sides have, and is read where the job runs; without one it is a ValueError. It may no more than
    `scope` says, ends with the session or from My sessions, and where the provider cannot do that this is
    DelegationNotSupported.

    The Toolkit's other form is a pickle: `use_json=False` is a ValueError.
    Raises StoreUnavailable where there is no key and none can be made.
    """
    if not use_json:
        message = "A user is serialised as JSON only: reading a pickle runs what is in it."
        raise ValueError(message)
    life = LIFE if expires_in is None else expires_in
    if for_job is not None:
        if recipient is None:
            message = "A job's user needs recipient=: the public JWK of whoever runs it, or 32 bytes that both have."
            raise ValueError(message)
        from sojourn.client.jobs import serialize_jobs

        (text,) = serialize_jobs(user, [for_job], scope=scope, expires_in=life, recipient=recipient)
        return text
    if scope is not None or recipient is not None:
        message = "scope= and recipient= go with for_job=."
        raise ValueError(message)
    if life <= 0:
        message = "expires_in= is a number of seconds above zero."
        raise ValueError(message)
    key = (user.store or CredentialStore()).key_for(_PURPOSE)
    exp = (wall_clock() // 1000 + life) * 1000
    bound = SerializedUser(_kid(key), user.host, exp, secrets.token_urlsafe(16))
    plain = json.dumps(_content(user), separators=(",", ":")).encode("utf-8")
    sealed = seal.seal(
        key, plain, nonce=secrets.token_bytes(seal.NONCE_SIZE), associated=bound.associated
    )
    return replace(bound, sealed=sealed).text()


def deserialize_user(
    payload: str | bytes,
    *,
    audience: str | None = None,
    key: CredentialStore | Mapping[str, Any] | bytes | None = None,
    compat: bool = False,
) -> User:
    """Return the user that `serialize_user` wrote.

    `audience` is the service that the caller works with, a host: a user of another one is refused. `key` is the store
    whose key opens it, by default this person's; of a job's user it is the private JWK or the 32 bytes that it was
    sealed to, by default what SOJOURN_JOB_KEY says. `compat` also reads what the Toolkit wrote as JSON, which nothing
    seals. Whatever is no such text, or not for here and now, raises BadSerializedUser; a key that is gone or locked
    raises ConfigurationError.
    """
    plain = payload if isinstance(payload, str) else payload.decode("utf-8", "replace")
    if plain.count(".") == _DOTS and not plain.lstrip().startswith("{"):
        if isinstance(key, CredentialStore):
            raise BadSerializedUser("A job's user is sealed to a farm's key, not to a store's.")
        from sojourn.client.jobs import opened

        return opened(plain.strip(), audience=audience, key=key)
    if key is not None and not isinstance(key, CredentialStore):
        raise BadSerializedUser("The text is no job's user, which alone is sealed to a farm's key.")
    try:
        found = SerializedUser.parse(payload)
    except NewerUser as cause:
        raise BadSerializedUser(cause.public) from cause
    except Malformed as cause:
        if compat:
            return _of_toolkit(payload, audience)
        raise BadSerializedUser(f"The text is no serialised user. {cause.public}") from cause
    store = key or CredentialStore()
    content = _opened(found, store)
    _heed(found.aud, audience)
    if wall_clock() >= found.exp:
        raise BadSerializedUser("The serialised user has expired.")
    return _user(content, store)


def _opened(found: SerializedUser, store: CredentialStore) -> Mapping[str, Any]:
    if store.key_origin() is None:
        raise BadSerializedUser("There is no key here: the user was serialised elsewhere.")
    key = store.key_for(_PURPOSE)
    if not secrets.compare_digest(_kid(key).encode(), found.kid.encode("utf-8")):
        raise BadSerializedUser(
            "The user was serialised with another key: by another person, on another machine, or for another store."
        )
    try:
        content = json.loads(seal.open(key, found.sealed, associated=found.associated))
    except Malformed as cause:
        raise BadSerializedUser("The serialised user was altered.") from cause
    if not isinstance(content, dict):
        raise BadSerializedUser
    return content


def _heed(bound: str, audience: str | None) -> None:
    if audience is not None and bound.rstrip("/") != audience.strip().rstrip("/"):
        raise BadSerializedUser(f"The user is one of {bound}, not of {audience}.")


def _content(user: User) -> dict[str, Any]:
    who = user.who._asdict()
    if user.script is not None:
        return {"who": who, "script": user.script._asdict()}
    if user.account is not None:
        return {"who": who, "account": user.account}
    return {"who": who, "record": _record(user)}


def _record(user: User) -> dict[str, Any]:
    """Return a record without what renews: one that two hold would look like theft to the server."""
    record = user.auth.record()
    token = record["secrets"].get("token") or {}
    return {
        **user.who._asdict(),
        "session_metadata": user.session_metadata,
        "connection": record.get("connection"),
        "state": record["state"],
        "secrets": {"token": {name: token.get(name) for name in ("access_token", "key")}},
    }


def _user(content: Mapping[str, Any], store: CredentialStore) -> User:
    who = Who(**{name: content["who"].get(name) for name in Who._fields})
    script = content.get("script")
    if script:
        return of_script(who, Script(**script), store=store)
    account = content.get("account")
    if account:
        return User(who, lambda: _kept(who, store, account), store=store, account=account)
    return of_record(content["record"], store=store, http_proxy=who.http_proxy)


def _kept(who: Who, store: CredentialStore, account: str) -> RenewingAuth:
    record = store.read(account)
    if record is None:
        raise SignedOut(f"{who.login} was signed out of {who.host}.")
    return restored(record, store=store, account=account)


def _of_toolkit(payload: str | bytes, audience: str | None) -> User:
    try:
        found = ToolkitUser.parse(payload)
        dialect = users_of(TOOLKIT)
        host = dialect.host(found.host)
    except (Malformed, IncompleteCredentials) as cause:
        raise BadSerializedUser(f"The text is no serialised user. {cause.public}") from cause
    _heed(host, audience)
    proxy = proxy_url(found.http_proxy)
    if found.login is None:
        who = Who(TOOLKIT, host, None, script=found.api_script, http_proxy=proxy)
        return of_script(who, Script(found.api_script or "", found.api_key or ""), store=None)
    options = options_of(found.session_metadata)
    plugin = dialect.plugin(host, found.login, options)
    token = found.session_token or ""
    plugin.adopt(run(lambda env: dialect.held(env, plugin, token), proxy=proxy))
    who = Who(TOOLKIT, host, found.login, subject=found.login, http_proxy=proxy)
    return User(who, lambda: plugin, session_metadata=found.session_metadata)


def _kid(key: bytes) -> str:
    return base64url.encode(seal.mac(key, "kid")[:9])
