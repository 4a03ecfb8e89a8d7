"""The challenges of a 401 answer (RFC 9110 §11.6.1), and what one of them asks of a person: a newer or stronger sign-in
(RFC 9470 §3). The client's dialects stand above it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sojourn.errors import InsufficientUserAuthentication, Malformed

MAX_SIZE: Final = 16_384
"""Characters of all challenges of an answer."""

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_between = re.compile(r"[ \t,]*").match
_scheme = re.compile(rf"({_TOKEN})(?: +|(?=,)|$)").match
_parameter = re.compile(
    rf'({_TOKEN})[ \t]*=[ \t]*(?:({_TOKEN})|"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*)")'
    r"[ \t]*(?:,|$)"
).match
_token68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*[ \t]*(?:,|$)").match
_escaped = re.compile(r"\\(.)")
_is_acr_values = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*").fullmatch
_is_seconds = re.compile(r"[0-9]{1,9}").fullmatch
_LONGEST: Final = 2_000


class Challenge(NamedTuple):
    """One challenge; scheme and the parameters' names are in lower case."""

    scheme: str
    parameters: dict[str, str]


def parse(text: str) -> tuple[Challenge, ...]:
    """Return the challenges in the value of WWW-Authenticate, several values joined by commas.

    What breaks the grammar, or says a parameter twice, raises Malformed.
    """
    if len(text) > MAX_SIZE:
        raise Malformed("The challenges are too long.")
    found: list[Challenge] = []
    at = 0
    while (at := _skipped(text, at)) < len(text):
        parameter = _parameter(text, at) if found else None
        if parameter is not None:
            name, plain, quoted = parameter[1].lower(), parameter[2], parameter[3]
            if name in found[-1].parameters:
                raise Malformed("A challenge says a parameter twice.")
            found[-1].parameters[name] = plain if quoted is None else _escaped.sub(r"\1", quoted)
            at = parameter.end()
            continue
        scheme = _scheme(text, at)
        if scheme is None:
            raise Malformed("The challenges break their grammar.")
        found.append(Challenge(scheme[1].lower(), {}))
        at = scheme.end()
        if not _parameter(text, at) and (alone := _token68(text, at)):
            at = alone.end()
    return tuple(found)


def step_up(text: str | None) -> InsufficientUserAuthentication | None:
    """Return what the challenges of a 401 ask of the person's sign-in, None where they do not, or break a rule."""
    try:
        challenges = parse(text or "")
    except Malformed:
        return None
    code = InsufficientUserAuthentication.code
    for _, parameters in challenges:
        if parameters.get("error") == code:
            return _asked(parameters)
    return None


def _asked(parameters: dict[str, str]) -> InsufficientUserAuthentication | None:
    acr_values, max_age = parameters.get("acr_values", ""), parameters.get("max_age")
    if len(acr_values) > _LONGEST or (acr_values and not _is_acr_values(acr_values)):
        return None
    if max_age is not None and not _is_seconds(max_age):
        return None
    return InsufficientUserAuthentication(
        acr_values=tuple(dict.fromkeys(acr_values.split())),
        max_age=None if max_age is None else int(max_age),
    )


def _skipped(text: str, at: int) -> int:
    found = _between(text, at)
    return found.end() if found else at
