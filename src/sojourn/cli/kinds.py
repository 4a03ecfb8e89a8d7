"""`sojourn login --kind` and `--cloud`: a sign-in at a service of another dialect than OpenID Connect. Its argument,
options and questions are made from what the dialect says of its options; the sign-in at a provider is in `login`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from sojourn.cli import connections, output, secrets
from sojourn.cli.get import is_in_the_clear

if TYPE_CHECKING:
    from sojourn.client.account import Account
    from sojourn.client.loading import Loader, Option
    from sojourn.client.renewal import RenewingAuth
    from sojourn.errors import SecondFactorRequired

DEFAULT: Final = "oidc"
_FILE: Final = "_file"


class Source(NamedTuple):
    """What is known of a sign-in before its command line is read: the words that ask for it, the loader, and what a
    cloud's file or the environment says of the options and of what connections trust.
    """

    words: str
    loader: Loader
    given: Mapping[str, Any]
    by_file: bool = False
    connection: Mapping[str, Any] = {}


class ByKind(click.Command):
    """Reads its words as the command of the kind that they name."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's signature
    ) -> click.Context:
        kind, cloud = _value_of("--kind", args), _value_of("--cloud", args)
        if (not cloud and kind in (None, DEFAULT)) or extra.get("resilient_parsing"):
            return super().make_context(info_name, args, parent, **extra)
        if kind and cloud:
            message = "--cloud says of which kind the sign-in is: leave --kind out."
            raise click.UsageError(message)
        source = _of_cloud(cloud) if cloud else _of_kind(str(kind))
        return command_of(source).make_context(info_name, args, parent, **extra)


def kinds() -> dict[str, Loader]:
    """The loaders that `--kind` knows beside the default, by name; of several names for one the first."""
    from sojourn.client.loading import loaders

    found: dict[str, Loader] = {}
    for name, loader in loaders().items():
        if loader.signs_in and loader not in found.values():
            found[name] = loader
    return found


def of_kind(name: str) -> click.Command:
    """The command that signs in with the loader called `name`."""
    return command_of(_of_kind(name))


def command_of(source: Source) -> click.Command:
    """The command that signs in with what `source` says."""
    loader = source.loader
    if not loader.signs_in:
        message = f"{loader.name} signs nobody in: there is no account to keep."
        raise click.UsageError(message)
    params: list[click.Parameter] = [_flag(option, loader) for option in loader.options]
    if source.by_file:
        params = [one for one in params if not isinstance(one, click.Argument)]
    params += [
        connections.option(),
        click.Option(["--name"], help="What to call the account here."),
        click.Option(["--kind"], metavar="KIND", expose_value=False, hidden=True),
        click.Option(["--cloud"], metavar="NAME", expose_value=False, hidden=True),
        click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."),
    ]
    return click.Command(
        "login", params=params, callback=partial(_sign_in, source), help=_help(source)
    )


def with_scheme(address: str) -> str:
    """An address that was typed without its scheme: https, and http on loopback."""
    if "://" in address:
        return address
    here = address.startswith(("localhost", "127.", "[::1]"))
    return f"{'http' if here else 'https'}://{address}"


def tell(account: Account, *, as_json: bool) -> None:
    """Say who is signed in now."""
    if not as_json:
        click.echo(f"Signed in: {output.clean(account.name)}")
        return
    members = {
        "id": account.id,
        "name": account.name,
        "issuer": account.issuer,
        "scope": account.scope,
    }
    output.print_json(members)


def _help(source: Source) -> str:
    loader = source.loader
    secret = " or ".join(option.help for option in loader.options if option.secret)
    begin = f"Sign in with {source.words} and make the account the current one."
    rest = (
        "What is not said here is taken from the cloud's file"
        if source.by_file
        else f"What is not said here is taken from the environment ({loader.environment}...)"
    )
    asked = f", {secret} without echo" if secret else ""
    return f"{begin}\n\n{rest}; what is then missing is asked for in a terminal{asked}."


def _flag(option: Option, loader: Loader) -> click.Parameter:
    if option.name == loader.address:
        return click.Argument([option.name], required=False)
    if not option.secret:
        return click.Option([f"--{_dashed(option.name)}"], help=_sentence(option.help))
    told = (
        f"{_sentence(option.help)[:-1]}: the first line of this file; - reads the standard input."
    )
    return click.Option(
        [f"--{_dashed(option.name)}-file", f"{option.name}{_FILE}"], metavar="FILE", help=told
    )


def _sign_in(
    source: Source, *, name: str | None, cacert: str | None, as_json: bool, **said: str | None
) -> None:
    from sojourn.client.accounts import Accounts
    from sojourn.errors import SecondFactorRequired

    connection = connections.chosen(source.connection, cacert)
    found = _found(source, said)
    while True:
        plugin = _plugin(source.loader, found)
        try:
            account = Accounts().login(plugin, name=name, **connection)
        except SecondFactorRequired as asked:
            found = {**found, **_second_factor(source, found, asked)}
        else:
            return tell(account, as_json=as_json)


def _second_factor(
    source: Source, found: Mapping[str, Any], asked: SecondFactorRequired
) -> dict[str, str]:
    """What the person says when the service asks for a code as well."""
    from sojourn.client.prompt import terminal

    option = next((one for one in source.loader.options if one.second_factor), None)
    if option is None or (option.name in found and not terminal.available()):
        raise asked
    if terminal.available():
        click.echo(output.clean(asked.public), err=True)
    return {option.name: _asked(option, source)}


def _found(source: Source, said: Mapping[str, str | None]) -> dict[str, Any]:
    """What is said of the options; what is missing is asked for."""
    loader = source.loader
    found = loader.known({**source.given, **_read(loader, said)})
    _address(loader, found)
    for option in loader.missing(found):
        found[option.name] = _asked(option, source)
        _address(loader, found)
    return found


def _plugin(loader: Loader, found: Mapping[str, Any]) -> RenewingAuth:
    from sojourn.client.renewal import RenewingAuth
    from sojourn.errors import ConfigurationError

    plugin = loader.load(**found)
    if not isinstance(plugin, RenewingAuth):
        message = f"{loader.name} signs nobody in: there is no account to keep."
        raise ConfigurationError(message)
    return plugin


def _address(loader: Loader, found: dict[str, Any]) -> None:
    """Complete the service's address; what is secret is not sent to it in the clear."""
    if loader.address not in found:
        return
    found[loader.address] = where = with_scheme(str(found[loader.address]))
    if is_in_the_clear(where):
        message = (
            f"{where} would be sent the secret in the clear: only https, or http on this machine."
        )
        raise click.UsageError(message)


def _read(loader: Loader, said: Mapping[str, str | None]) -> dict[str, str]:
    """What was said, secrets read from where they are."""
    found = {}
    for option in loader.options:
        value = said.get(f"{option.name}{_FILE}" if option.secret else option.name)
        if value is not None:
            found[option.name] = _secret(value, option) if option.secret else value
    return found


def _secret(file: str, option: Option) -> str:
    if file == "-":
        return secrets.line_of_stdin(option.help)
    try:
        with Path(file).open(encoding="utf-8") as opened:
            line = opened.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as cause:
        message = f"--{_dashed(option.name)}-file: {file} cannot be read."
        raise click.UsageError(message) from cause
    if not line:
        message = f"--{_dashed(option.name)}-file: the first line of {file} is empty."
        raise click.UsageError(message)
    return line


def _asked(option: Option, source: Source) -> str:
    from sojourn.client.prompt import terminal

    if not terminal.available():
        loader = source.loader
        ways = [f"--{_dashed(option.name)}{'-file' if option.secret else ''}"]
        if option.name == loader.address:
            ways = [option.name.upper()]
        if not source.by_file:
            ways.append(f"{loader.environment}{option.name.upper()} in the environment")
        message = (
            f"{_sentence(option.help)[:-1]} is missing, and here is no terminal to ask in. Give it with "
            f"{' or '.join(ways)}."
        )
        raise click.UsageError(message)
    text: str = click.prompt(_sentence(option.help)[:-1], hide_input=option.secret, err=True)
    return text


def _of_kind(name: str) -> Source:
    from sojourn.client.loading import loader

    found = loader(name)
    cacert = os.environ.get(f"{found.environment}CACERT")
    connection = {"verify": cacert} if cacert else {}
    return Source(f"--kind {name}", found, found.variables(os.environ), connection=connection)


def _of_cloud(name: str) -> Source:
    from sojourn.client.clouds import described, session_options

    found = described(name)
    said = session_options(found.whole)
    connection: dict[str, Any] = {key: said[key] for key in ("verify", "cert") if key in said}
    given = found.loader.known(found.auth)
    return Source(f"--cloud {name}", found.loader, given, by_file=True, connection=connection)


def _value_of(flag: str, args: Sequence[str]) -> str | None:
    """What `args` say of `flag`, before it is known which options there are."""
    for position, word in enumerate(args):
        if word == "--":
            return None
        if word == flag:
            return args[position + 1] if position + 1 < len(args) else None
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return None


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
