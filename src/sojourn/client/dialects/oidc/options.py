"""The options of a program that proves itself by its platform's token, described once: `client.loading` reads
arguments, environment and the command line by it. Below it are the plugins."""

from __future__ import annotations

from typing import Final

from sojourn.client.dialects.oidc import workload
from sojourn.client.dialects.oidc.plugins import ClientCredentials
from sojourn.client.loading import Loader, Option


def program(
    issuer: str,
    client_id: str,
    *,
    token_file: str | None = None,
    token_variable: str | None = None,
    audience: str | None = None,
    scope: str | None = None,
    resource: str | None = None,
) -> ClientCredentials:
    """Return the plugin of a program that its platform gives tokens to: bearer tokens, which `sojourn token` and its
    like hand on."""
    assertion = workload.found(
        token_file=token_file, token_variable=token_variable, audience=audience
    )
    return ClientCredentials(
        issuer,
        client_id,
        assertion=assertion,
        scope=scope,
        resource=resource.split() if resource else None,
        dpop=False,
    )


LOADERS: Final = {
    "workload": Loader(
        "workload",
        program,
        (
            Option("issuer", "the provider", required=True),
            Option("client_id", "the client that the program is", required=True),
            Option("token_file", "the file in which the platform keeps the program's token"),
            Option("token_variable", "the environment variable that holds the program's token"),
            Option("audience", "what a token of GitHub Actions is for, where not the provider"),
            Option("scope", "what to ask for, separated by spaces"),
            Option("resource", "the service that the tokens are for, or several by spaces"),
        ),
        environment="SOJOURN_WORKLOAD_",
        address="issuer",
    )
}
