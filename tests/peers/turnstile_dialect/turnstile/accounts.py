"""How its accounts begin, come back and end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Request

from .plugin import Turnstile  # noqa: TID252 - outside its own folder the package is another


def restored(
    record: Mapping[str, Any], *, store: Any, account: str | None, interactive: bool
) -> Turnstile:
    made = Turnstile(
        record["state"]["issuer"], record["secrets"]["key"], store=store, account=account
    )
    made.restore(record["state"], record["secrets"])
    return made


async def signed_in(env: Env, plugin: Turnstile) -> dict[str, Any]:
    plugin.adopt(await plugin.renew(env, None, ""))
    return {**plugin.record(), "subject": "gate", "username": "gate"}


async def signed_out(env: Env, record: Mapping[str, Any], *, store: Any) -> None:
    held = record["secrets"]["token"]["access_token"].encode()
    await env.send(Request("DELETE", f"{record['state']['issuer']}/pass", content=held))


async def userinfo(env: Env, plugin: Turnstile) -> dict[str, Any]:
    await plugin.credential(env)
    return {"sub": "gate"}
