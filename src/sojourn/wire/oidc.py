"""The shapes of OpenID Connect: scopes and claims, `claims`, `prompt` and `max_age` parameters, the
client's checks of ID tokens and userinfo, provider metadata, and the parameters of RP-initiated
logout. Endpoints and the `oidc` dialect stand above it; below it are `jose` and `json_text`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Self

import msgspec

from sojourn.errors import InvalidRequest, Malformed
from sojourn.wire import json_text

# OpenID Connect Core §5.4.
CLAIMS_OF_SCOPE: Final = {
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
        "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}  # fmt: skip
OF_THE_PROTOCOL: Final = frozenset({
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce", "auth_time", "acr", "amr", "sid",
    "at_hash", "c_hash",
})  # fmt: skip
"""Claims that the provider itself says (Core §2): no profile of a person may."""

PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})

_MAX_CLAIMS_TEXT = 8192
_MAX_NAMES = 64
_MAX_SUBJECT = 255
_MAX_AGE_DIGITS = 9
_MAX_METADATA = 262_144

_is_url = re.compile(
    r"(?:https://[A-Za-z0-9.\-]+|https://\[[0-9A-Fa-f:.]+\]"
    r"|http://(?:127\.0\.0\.1|\[::1\]|localhost))"
    r"(?::[1-9][0-9]{0,4})?(?:/[!$&-;=@-Z_a-z~%]*)?(?:\?[!$&-;=?-Z_a-z~%]*)?"
).fullmatch

Plain = str | int | float | bool


def claims_of(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the claims that `scopes` ask for."""
    return tuple(name for scope in scopes for name in CLAIMS_OF_SCOPE.get(scope, ()))


def scope_of_claim(name: str) -> str:
    """Return the scope that asks for the claim `name`, or '' for a claim of none."""
    return next((scope for scope, names in CLAIMS_OF_SCOPE.items() if name in names), "")


class ClaimDemand(msgspec.Struct, frozen=True):
    """How one claim is asked for; at most one of `value` and `values` is set."""

    essential: bool = False
    value: Plain | None = None
    values: tuple[Plain, ...] = ()

    def allows(self, value: object) -> bool:
        """Tell whether `value` is one that was asked for."""
        wanted = self.values if self.value is None else (self.value,)
        return not wanted or any(type(one) is type(value) and one == value for one in wanted)


class ClaimsRequest(msgspec.Struct, frozen=True):
    """The `claims` parameter (OpenID Connect Core §5.5)."""

    userinfo: dict[str, ClaimDemand]
    id_token: dict[str, ClaimDemand]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the request in `text`; unknown members are ignored, nonsense is InvalidRequest."""
        try:
            members = json_text.parse_object(text, limit=_MAX_CLAIMS_TEXT)
        except Malformed:
            members = None
        if members is None:
            raise InvalidRequest("The claims parameter is not a JSON object.")
        return cls(
            userinfo=_demands(members.get("userinfo")), id_token=_demands(members.get("id_token"))
        )


def parse_prompt(text: str) -> frozenset[str]:
    """Return the values of `prompt` (Core §3.1.2.1); `none` stands alone, unknown ones refused."""
    found = frozenset(text.split(" ")) if text else frozenset()
    if not found <= PROMPTS or ("none" in found and len(found) > 1):
        raise InvalidRequest("The prompt parameter is malformed.")
    return found


def parse_max_age(text: str) -> int:
    """Return `max_age` in seconds (Core §3.1.2.1)."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_AGE_DIGITS):
        raise InvalidRequest("The max_age parameter is not a number of seconds.")
    return int(text)


def validate_id_token(
    claims: Mapping[str, object],
    *,
    issuer: str,
    client_id: str,
    nonce: str | None,
    now: int,
    alg: str,
    max_age: int | None = None,
    access_token: str | None = None,
    trusted_audiences: Collection[str] = (),
    skew_ms: int = 10_000,
) -> str:
    """Return the `sub` of an ID token whose signature is already verified (Core §3.1.3.7).

    `now` is in UTC milliseconds, `max_age` in seconds, `alg` the algorithm of its header. `nonce`
    is the one sent, None where none was. A broken rule raises Malformed.
    """
    from sojourn.wire import jose  # only who validates needs the library below it

    if json_text.text(claims, "iss") != issuer:
        raise Malformed("The ID token is from another issuer.")
    _check_audience(claims, client_id, trusted_audiences)
    json_text.moment(claims, "iat")
    jose.check_times(claims, now=now, skew_ms=skew_ms)
    if nonce is not None and claims.get("nonce") != nonce:
        raise Malformed("The ID token answers another request.")
    if max_age is not None:
        signed_in = json_text.moment(claims, "auth_time")
        if signed_in + max_age * 1000 + skew_ms < now:
            raise Malformed("The sign-in behind the ID token is too old.")
    at_hash = json_text.optional_text(claims, "at_hash")
    wanted = None if access_token is None else jose.at_hash(alg, access_token)
    if at_hash is not None and wanted is not None and at_hash != wanted:
        raise Malformed("The ID token belongs to another access token.")
    return _subject(claims)


def check_userinfo(claims: Mapping[str, object], *, subject: str) -> None:
    """Raise Malformed unless userinfo is about the ID token's `subject` (Core §5.3.4)."""
    if _subject(claims) != subject:
        raise Malformed("The userinfo answer is about another person.")


class ProviderMetadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a provider says about itself. An absent URL or flag is None, an absent list empty.

    What absence means (RFC 8414 §2 has defaults) is for the reader to know.
    """

    issuer: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    jwks_uri: str | None = None
    userinfo_endpoint: str | None = None
    introspection_endpoint: str | None = None
    revocation_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    end_session_endpoint: str | None = None
    response_types_supported: tuple[str, ...] = ()
    response_modes_supported: tuple[str, ...] = ()
    grant_types_supported: tuple[str, ...] = ()
    scopes_supported: tuple[str, ...] = ()
    claims_supported: tuple[str, ...] = ()
    subject_types_supported: tuple[str, ...] = ()
    id_token_signing_alg_values_supported: tuple[str, ...] = ()
    acr_values_supported: tuple[str, ...] = ()
    prompt_values_supported: tuple[str, ...] = ()
    ui_locales_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ()
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] = ()
    introspection_endpoint_auth_methods_supported: tuple[str, ...] = ()
    revocation_endpoint_auth_methods_supported: tuple[str, ...] = ()
    code_challenge_methods_supported: tuple[str, ...] = ()
    dpop_signing_alg_values_supported: tuple[str, ...] = ()
    claims_parameter_supported: bool | None = None
    request_parameter_supported: bool | None = None
    request_uri_parameter_supported: bool | None = None
    authorization_response_iss_parameter_supported: bool | None = None
    backchannel_logout_supported: bool | None = None
    frontchannel_logout_supported: bool | None = None
    store_parameters_supported: bool | None = None

    @classmethod
    def parse(cls, body: bytes, *, issuer: str) -> Self:
        """Return the metadata in a discovery document that `issuer` was asked for.

        Another issuer inside (Discovery §4.3, RFC 8414 §3.3: character by character), a URL that is
        neither https nor loopback, or a member of the wrong type raises Malformed.
        """
        check_issuer(issuer)
        members = json_text.parse_object(body, limit=_MAX_METADATA)
        if json_text.text(members, "issuer") != issuer:
            raise Malformed("The metadata is of another issuer.")
        read: dict[str, object] = {"issuer": issuer}
        for field in msgspec.structs.fields(cls)[1:]:
            if field.default == ():
                read[field.name] = json_text.texts(members, field.name)
            elif field.name.endswith(("_endpoint", "_uri")):
                read[field.name] = _url(members, field.name)
            else:
                read[field.name] = json_text.optional_flag(members, field.name)
        return msgspec.convert(read, cls)

    def encode(self) -> bytes:
        """Return the discovery document, without what is absent."""
        return msgspec.json.encode(self)


def check_issuer(issuer: str) -> None:
    """Raise Malformed unless `issuer` is an https or loopback URL without query (RFC 8414 §2)."""
    if "?" in issuer or not _is_url(issuer):
        raise Malformed("An issuer is an https or loopback URL without query and fragment.")


class LogoutRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of RP-initiated logout 1.0 §2; what is absent is None."""

    id_token_hint: str | None = None
    logout_hint: str | None = None
    client_id: str | None = None
    post_logout_redirect_uri: str | None = None
    state: str | None = None
    ui_locales: str | None = None

    def __repr__(self) -> str:
        return f"LogoutRequest(client_id={self.client_id!r})"

    @classmethod
    def parse(cls, params: Mapping[str, str]) -> Self:
        """Return the request in `params`; unknown parameters are ignored."""
        return cls(**{name: params[name] for name in cls.__struct_fields__ if name in params})

    def params(self) -> dict[str, str]:
        """Return the parameters that are present."""
        pairs = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return {name: value for name, value in pairs if value is not None}


def _url(members: Mapping[str, object], name: str) -> str | None:
    url = json_text.optional_text(members, name)
    if url is not None and not _is_url(url):
        raise Malformed(f"The member {name} is neither an https nor a loopback URL.")
    return url


def _demands(members: object) -> dict[str, ClaimDemand]:
    if members is None:
        return {}
    if not isinstance(members, dict) or len(members) > _MAX_NAMES:
        raise InvalidRequest("The claims parameter does not ask for claims by name.")
    return {name: _demand(member) for name, member in members.items()}


def _demand(member: object) -> ClaimDemand:
    if member is None:
        return ClaimDemand()
    if not isinstance(member, dict):
        raise InvalidRequest("A claim of the claims parameter is neither null nor an object.")
    essential, value = member.get("essential", False), member.get("value")
    values = member.get("values")
    if not isinstance(essential, bool) or (value is not None and values is not None):
        raise InvalidRequest("A claim of the claims parameter is malformed.")
    if value is not None and not isinstance(value, Plain):
        raise InvalidRequest("A value of the claims parameter is malformed.")
    if values is None:
        return ClaimDemand(essential, value)
    if not isinstance(values, list) or not 0 < len(values) <= _MAX_NAMES:
        raise InvalidRequest("The values of the claims parameter are not a list of some.")
    if not all(isinstance(one, Plain) for one in values):
        raise InvalidRequest("A value of the claims parameter is malformed.")
    return ClaimDemand(essential, None, tuple(values))


def _check_audience(claims: Mapping[str, object], client_id: str, trusted: Collection[str]) -> None:
    audience = json_text.texts(claims, "aud")
    azp = json_text.optional_text(claims, "azp")
    if client_id not in audience or any(
        one != client_id and one not in trusted for one in audience
    ):
        raise Malformed("The ID token is for another audience.")
    if azp != client_id and (azp is not None or len(set(audience)) > 1):
        raise Malformed("The ID token was issued to another client.")


def _subject(claims: Mapping[str, object]) -> str:
    subject = json_text.text(claims, "sub")
    if len(subject) > _MAX_SUBJECT:
        raise Malformed("The subject is too long.")
    return subject
