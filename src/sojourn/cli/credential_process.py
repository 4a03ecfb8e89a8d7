"""`sojourn credential-process`: hands the current account's token to git or kubectl, in their words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from sojourn.cli import options

if TYPE_CHECKING:
    from sojourn.client.account import Account
    from sojourn.wire.credential_process import GitQuestion, Token

_PORTS: Final = {"https": "443", "http": "80"}


@click.command()
@click.argument("form", metavar="[git|kubectl]", type=click.Choice(["git", "kubectl"]))
@click.argument("action", required=False, default="get")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="HOST[:PORT]",
    help="A host that git may have the token for, instead of the account's own; may be given several times.",
)
@options.account
def command(*, form: str, action: str, hosts: tuple[str, ...], account: str | None) -> None:
    """Print a good access token as git or kubectl want it; never asks a person.

    git config credential.helper '!sojourn credential-process git' lets git use it, for the host that the account's
    tokens are for and for no other. In a kubeconfig it is the command of users.user.exec, with the argument kubectl.
    """
    from sojourn.client.accounts import Accounts

    found = Accounts().get(account)
    if form == "kubectl":
        from sojourn.wire import credential_process

        version = credential_process.asked_version(os.environ.get("KUBERNETES_EXEC_INFO"))
        click.echo(credential_process.exec_credential(version, _token(found)))
    elif action in {"get", "erase"}:
        _helped(found, action, hosts)


def _helped(account: Account, action: str, hosts: tuple[str, ...]) -> None:
    from sojourn.wire import credential_process

    question = credential_process.parse_git(sys.stdin.read())
    if not _is_for(question, account, hosts):
        return
    if action == "erase":
        _erased(account, question)
        return
    user = account.username or account.client_id
    click.echo(credential_process.git_answer(question, _token(account), user=user), nl=False)


def _is_for(question: GitQuestion, account: Account, hosts: tuple[str, ...]) -> bool:
    """Whether git may have the token for the host it asks about: over TLS, or on this machine."""
    from sojourn.client.url import is_loopback

    own = [urlsplit(address) for address in account.resources or (account.issuer,)]
    allowed = {_with_port(host, "https") for host in hosts}
    if not hosts:
        allowed = {_with_port(address.netloc, address.scheme) for address in own}
    name = question.host.rpartition(":")[0] or question.host
    safe = question.protocol == "https" or (question.protocol == "http" and is_loopback(name))
    return safe and _with_port(question.host, question.protocol) in allowed


def _with_port(host: str, scheme: str) -> str:
    given = host.rpartition("]")[2]
    return host.lower() if ":" in given else f"{host.lower()}:{_PORTS.get(scheme, '443')}"


def _erased(account: Account, question: GitQuestion) -> None:
    """Git says that the token was refused: renew it, if it is still the one that is kept."""
    from sojourn.client.running import run

    if account.token() in (question.password, question.credential):
        plugin = account.auth()
        plugin.invalidate()
        run(plugin.credential, connection=plugin.connection())


def _token(account: Account) -> Token:
    from sojourn.wire.credential_process import Token

    return Token(account.token(), account.expires_at)
