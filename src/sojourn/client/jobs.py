"""Users who go off with jobs: a session exchanged for narrower credentials, each with a key of its own, sealed to
whoever runs the job. `serialize` stands above it; below it are the user's dialect and the text's grammar."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sojourn.client.env.wall_clock import wall_clock
from sojourn.client.job_order import GRANT, JobMint, JobOrder, JobRecord
from sojourn.client.loading import accounts_of, users_of
from sojourn.client.running import run, run_many
from sojourn.client.user import User
from sojourn.client.who import Who
from sojourn.driver import drive
from sojourn.errors import BadSerializedUser, ConfigurationError, InvalidRequest, Malformed
from sojourn.wire import exchange, json_text, jwe
from sojourn.wire.job import JobText, NewerJob, Opener, Recipient, opener, opener_of, recipient

if TYPE_CHECKING:
    from sojourn.client.env.contract import Env

Key = Mapping[str, Any] | bytes
"""A JWK, or 32 bytes that both sides have."""

VARIABLE: Final = "SOJOURN_JOB_KEY"
"""Where a farm finds its key: a private JWK, 32 bytes as base64url, or the path of a file that holds one of them."""
AT_ONCE: Final = 8
"""Exchanges under way at a time."""
_MISSHAPEN: Final = (
    AttributeError,
    ConfigurationError,
    ImportError,
    KeyError,
    Malformed,
    TypeError,
    ValueError,
)
FEW: Final = 16
"""Jobs for which no quicker library is worth its start."""


def serialize_jobs(
    user: User,
    names: Iterable[str],
    *,
    recipient: Key,
    scope: str | None = None,
    expires_in: int = 86_400,
) -> list[str]:
    """Return for each of `names` the text of `user` for that job, as `serialize_user(for_job=)` does for one.

    All are got over the same few connections. `names` are what people see on My sessions; `scope` only narrows;
    `expires_in` is in seconds; `recipient` is the public JWK of whoever runs the jobs, or 32 bytes that both have. If
    one cannot be had none is returned: those that were made end by themselves, or with the session.

    Raises TypeError for one text as `names`, ValueError for a name, a life or a recipient that cannot be,
    DelegationNotSupported where the provider has no token exchange or binds no tokens to keys, CredentialError,
    ConnectFailure.
    """
    if isinstance(names, str):
        message = "names= is several names: for one job there is serialize_user(for_job=)."
        raise TypeError(message)
    to = _recipient(recipient)
    orders = [_order(name, scope, expires_in) for name in names]
    if not orders:
        return []
    many = run_many if len(orders) > FEW else run
    made = many(
        lambda env: _made(env, user, orders),
        proxy=user.http_proxy,
        connection=user.auth.connection(),
    )
    return [_sealed(user.who, one, to) for one in made]


async def _made(env: Env, user: User, orders: list[JobOrder]) -> list[JobRecord]:
    mint = await users_of(user.who.kind).jobs(env, user.auth)
    if len(orders) == 1:
        return [await mint(env, orders[0])]
    return await env.block(_all, env, mint, orders)


def _all(env: Env, mint: JobMint, orders: list[JobOrder]) -> list[JobRecord]:
    from concurrent.futures import ThreadPoolExecutor

    async def one(order: JobOrder) -> JobRecord:
        return await mint(env, order)

    def at_once(order: JobOrder) -> JobRecord:
        return drive(one(order))

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sojourn-jobs") as pool:
        going = [pool.submit(at_once, order) for order in orders]
        try:
            return [future.result() for future in going]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _order(name: str, scope: str | None, expires_in: int) -> JobOrder:
    try:
        if not name or exchange.job_name(name) != name:
            raise InvalidRequest
    except InvalidRequest as cause:
        message = f"A job has a name of 1 to {exchange.LONGEST_NAME} printable letters."
        raise ValueError(message) from cause
    if expires_in <= 0:
        message = "expires_in= is a number of seconds above zero."
        raise ValueError(message)
    return JobOrder(name, scope, expires_in)


def _recipient(key: Key) -> Recipient:
    try:
        return recipient(key)
    except Malformed as cause:
        message = f"recipient= is a public JWK with P-256, or 32 bytes. {cause.public}"
        raise ValueError(message) from cause


def _sealed(who: Who, made: JobRecord, to: Recipient) -> str:
    bound = JobText(to.kid, who.host, made.expires_at // 1000 * 1000, secrets.token_urlsafe(16))
    # A proxy is one of the machine, and may have a password in it.
    content = {"who": who._replace(http_proxy=None)._asdict(), "record": made.record}
    plain = json.dumps(content, separators=(",", ":")).encode("utf-8")
    return bound.sealed(plain, to, nonce=secrets.token_bytes(12))


def opened(text: str, *, audience: str | None, key: Key | None) -> User:
    """Return the user that goes with a job; `key` None is the farm's, from SOJOURN_JOB_KEY.

    Raises BadSerializedUser for a text that is none, or not for here and now, ConfigurationError for a wrong key.
    """
    try:
        told = JobText.parse(text)
    except NewerJob as cause:
        raise BadSerializedUser(cause.public) from cause
    except Malformed as cause:
        raise BadSerializedUser(f"The text is no serialised user. {cause.public}") from cause
    mine = _opener(key)
    if told.kid not in mine.kids:
        raise BadSerializedUser("The job's user was sealed to another key.")
    content = _content(text, mine)
    if audience is not None and told.aud.rstrip("/") != audience.strip().rstrip("/"):
        raise BadSerializedUser(f"The job's user is one of {told.aud}, not of {audience}.")
    if wall_clock() >= told.exp:
        raise BadSerializedUser("The job's user has expired.")
    return _user(content, told)


def _content(text: str, mine: Opener) -> Mapping[str, Any]:
    try:
        return json_text.parse_object(jwe.open(text, mine.key), limit=jwe.MAX_SIZE)
    except Malformed as cause:
        raise BadSerializedUser("The job's user was altered, or sealed to another key.") from cause


def _user(content: Mapping[str, Any], told: JobText) -> User:
    """Return the user, if they are what a job carries and what stands in clear: anybody can seal to a public key."""
    try:
        members, record = content["who"], content["record"]
        who = Who(**{name: members.get(name) for name in Who._fields if name != "http_proxy"})
        same = told.aud == who.host == record["state"]["issuer"] and record["kind"] == who.kind
        if not same or record["state"]["grant"] != GRANT:
            raise BadSerializedUser("What is sealed is no job's user, or not the one that it says.")
        plugin = accounts_of(who.kind).restored(record, store=None, account=None, interactive=False)
    except _MISSHAPEN as cause:
        raise BadSerializedUser("What is sealed is no job's user.") from cause
    return User(who, lambda: plugin)


def _opener(key: Key | None) -> Opener:
    try:
        return opener_of(_farms()) if key is None else opener(key)
    except Malformed as cause:
        where = VARIABLE if key is None else "key="
        raise ConfigurationError(
            f"{where} is no private JWK with P-256 and no 32 bytes. {cause.public}"
        ) from cause


def _farms() -> str:
    """Return the text of the farm's key."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        raise ConfigurationError(
            f"The job's user is sealed to a farm's key, and here is none: set {VARIABLE}, or pass key=."
        )
    if not text.startswith(("/", "~", ".")):
        return text
    path = Path(text).expanduser()
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"Others can read {path}: run chmod 600 on it.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigurationError(f"{VARIABLE} names {path}, which cannot be read.") from cause
