"""What each page shows, as immutable values: one Struct a page, plus the rows they share.

The handlers of `server.pages` fill these, `render` turns them into HTML and `picture` draws the
tree of one. Nothing here reads a clock or a store. Times are UTC milliseconds; URLs are ready to
be put in a link; names may be hostile, because escaping, shortening and taking out invisible
characters is the renderer's work. An `error` or `notice` is a message id.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sojourn.server.pages.devices import Device, device_of

__all__ = [
    "AccountLinks",
    "AccountRow",
    "ChangePasswordView",
    "ChooseAccountView",
    "ClientRow",
    "ConsentView",
    "DeviceConfirmView",
    "DeviceDoneView",
    "DeviceView",
    "ErrorView",
    "FormPostView",
    "GrantRow",
    "HomeView",
    "ScopeRow",
    "SessionsView",
    "SetUpView",
    "SignInCard",
    "SignInView",
    "SignOutView",
    "SignedOutView",
    "StoreRow",
    "View",
]


class View(Struct, frozen=True, kw_only=True):
    """A page. `template` names its file, and its title is the message `<template without
    .html>.title`.
    """

    template: ClassVar[str]


class FormView(View, frozen=True, kw_only=True):
    """A page with a form. `action` is where it posts, `csrf` and `interaction` come back as
    `csrf` and `i`.
    """

    action: str
    csrf: str
    interaction: str = ""


class AccountLinks(Struct, frozen=True, kw_only=True):
    """The navigation a signed-in person sees on top."""

    sessions: str
    password: str
    sign_out: str


class AccountRow(Struct, frozen=True, kw_only=True):
    """One signed-in account of this browser. `sid` names its sign-in; `signed_in_at` is when it
    proved itself last.
    """

    login: str
    name: str = ""
    sid: str = ""
    signed_in_at: int | None = None


class ScopeRow(Struct, frozen=True, kw_only=True):
    """One scope. `sentence` is the resource's own wording; empty, the message `scope.<name>` or a
    general one is shown.
    """

    name: str
    sentence: str = ""
    already: bool = False


class DelegationRow(Struct, frozen=True, kw_only=True):
    """One token below an authorization with which somebody acts for the person: a job, or a service that calls another.
    `id` comes back with `action=end_delegation`. `job` is the name that the application gave; `actor` who acts.
    """

    id: str
    job: str
    actor: str
    scopes: tuple[ScopeRow, ...]
    created_at: int
    ends_at: int | None = None


class GrantRow(Struct, frozen=True, kw_only=True):
    """One authorization an application holds. `id` comes back with `action=end_grant`; `key` is the thumbprint of the
    key that its tokens are bound to, '' for bearer tokens; `store` the name of where the application keeps it.
    `delegations`: the live ones.
    """

    id: str
    scopes: tuple[ScopeRow, ...]
    created_at: int
    last_used_at: int | None = None
    ended_at: int | None = None
    offline: bool = False
    resources: tuple[str, ...] = ()
    delegations: tuple[DelegationRow, ...] = ()
    key: str = ""
    store: str = ""


class ClientRow(Struct, frozen=True, kw_only=True):
    """One application under a sign-in, or an offline one. `id` comes back with
    `action=end_client`, which ends it everywhere: `elsewhere` says that this is more than here.
    """

    id: str
    name: str
    grants: tuple[GrantRow, ...]
    ended_at: int | None = None
    elsewhere: bool = False

    @property
    def scopes(self) -> tuple[ScopeRow, ...]:
        """Every scope of the live grants once, in order (of all grants when none is live)."""
        live = [grant for grant in self.grants if grant.ended_at is None] or self.grants
        return tuple({scope.name: scope for grant in live for scope in grant.scopes}.values())

    @property
    def delegations(self) -> tuple[DelegationRow, ...]:
        """All that act for the person through this application, newest first."""
        found = (one for grant in self.grants for one in grant.delegations)
        return tuple(sorted(found, key=lambda one: one.created_at, reverse=True))

    @property
    def last_used_at(self) -> int | None:
        return max(
            (grant.last_used_at for grant in self.grants if grant.last_used_at), default=None
        )


class StoreRow(Struct, frozen=True, kw_only=True):
    """One store in which programs keep what sign-ins gave them. `id` comes back with `action=end_store`; `name` is
    what the program called it.
    """

    id: str
    name: str
    clients: tuple[str, ...]
    since: int
    last_used_at: int | None = None


class SignInCard(Struct, frozen=True, kw_only=True):
    """One sign-in of the person. `id` comes back with `action=end_sign_in`.

    `methods` are RFC 8176 values (`pwd`, `otp`, ...); `ends_at` is the absolute end; `end_reason`
    the reason the node keeps.
    """

    id: str
    user_agent: str
    address: str
    signed_in_at: int
    last_used_at: int | None = None
    ends_at: int | None = None
    methods: tuple[str, ...] = ("pwd",)
    current: bool = False
    ended_at: int | None = None
    end_reason: str = ""
    clients: tuple[ClientRow, ...] = ()

    @property
    def device(self) -> Device:
        return device_of(self.user_agent)


class SignInView(FormView, frozen=True, kw_only=True):
    """Posts `login`, `password`. `wait_seconds` fills the message of `error`; `switch_url` leads
    to the account list.
    """

    template: ClassVar[str] = "sign_in.html"
    client_name: str = ""
    login: str = ""
    error: str = ""
    wait_seconds: int = 0
    can_switch: bool = False
    switch_url: str = ""
    cancel_url: str = ""


class ChooseAccountView(FormView, frozen=True, kw_only=True):
    """Posts `account` (a sid), `sign_out` (a sid) or `action=other`."""

    template: ClassVar[str] = "choose_account.html"
    now: int
    accounts: tuple[AccountRow, ...]
    client_name: str = ""
    notice: str = ""


class ConsentView(FormView, frozen=True, kw_only=True):
    """Posts `decision` = `allow` or `deny`. `client_host` is where the answer goes; links of
    other schemes are dropped.
    """

    template: ClassVar[str] = "consent.html"
    client_name: str
    account: AccountRow
    scopes: tuple[ScopeRow, ...]
    client_host: str = ""
    client_url: str = ""
    policy_url: str = ""
    tos_url: str = ""
    resources: tuple[str, ...] = ()
    switch_url: str = ""


class DeviceView(FormView, frozen=True, kw_only=True):
    """Posts `user_code`. `code` is what the field holds already; `wait_seconds` fills the message of
    `error`.
    """

    template: ClassVar[str] = "device.html"
    code: str = ""
    error: str = ""
    wait_seconds: int = 0


class DeviceConfirmView(FormView, frozen=True, kw_only=True):
    """Posts `decision` = `allow` or `deny`. `code` is what the device shows, `address` and
    `user_agent` where it asked from; `elsewhere`: from another network than the person's.
    """

    template: ClassVar[str] = "device_confirm.html"
    client_name: str
    code: str
    account: AccountRow
    scopes: tuple[ScopeRow, ...]
    address: str
    user_agent: str
    asked_at: int
    now: int
    switch_url: str
    elsewhere: bool = False
    resources: tuple[str, ...] = ()

    @property
    def device(self) -> Device:
        return device_of(self.user_agent)


class DeviceDoneView(View, frozen=True, kw_only=True):
    """What became of it: the device was let in, or told no."""

    template: ClassVar[str] = "device_done.html"
    client_name: str
    approved: bool
    sessions_url: str


class ErrorView(View, frozen=True, kw_only=True):
    """`code` picks the words (`error.<code>.title`); `text` is a public text for the developer;
    never private detail.
    """

    template: ClassVar[str] = "error.html"
    code: str
    text: str = ""
    request_id: str = ""
    client_name: str = ""
    retry_url: str = ""


class SignedOutView(View, frozen=True, kw_only=True):
    template: ClassVar[str] = "signed_out.html"
    sign_in_url: str = ""
    client_name: str = ""
    others: int = 0


class SignOutView(FormView, frozen=True, kw_only=True):
    """Asks before ending a sign-in; posts `decision` = `sign_out` or `stay`."""

    template: ClassVar[str] = "sign_out.html"
    account: AccountRow
    client_name: str = ""


class SetUpView(FormView, frozen=True, kw_only=True):
    """The first administrator. Posts `login`, `name`, `password`, `password_again`, `token`."""

    template: ClassVar[str] = "set_up.html"
    token: str
    login: str = ""
    name: str = ""
    error: str = ""
    minimum_length: int = 8


class ChangePasswordView(FormView, frozen=True, kw_only=True):
    """Posts `current`, `password`, `password_again`."""

    template: ClassVar[str] = "change_password.html"
    account: AccountRow
    error: str = ""
    notice: str = ""
    minimum_length: int = 8
    wait_seconds: int = 0
    links: AccountLinks | None = None


class SessionsView(FormView, frozen=True, kw_only=True):
    """My sessions. Posts `action` = `end_sign_in`, `end_client`, `end_grant`, `end_delegation`, `end_store` (with `id`)
    or `end_others`.

    `sign_ins` and `offline` are one page of them, this device first; `newer_url` and `older_url`
    lead to the pages beside it. `others` counts the live sign-ins besides this one, on all pages.
    """

    template: ClassVar[str] = "sessions.html"
    now: int
    user: AccountRow
    sign_ins: tuple[SignInCard, ...]
    offline: tuple[ClientRow, ...] = ()
    stores: tuple[StoreRow, ...] = ()
    others: int = 0
    notice: str = ""
    newer_url: str = ""
    older_url: str = ""
    links: AccountLinks | None = None


class FormPostView(View, frozen=True, kw_only=True):
    """`response_mode=form_post` (OAuth 2.0 Form Post Response Mode §2). `action` is the validated
    redirect URI.
    """

    template: ClassVar[str] = "form_post.html"
    action: str
    parameters: tuple[tuple[str, str], ...]
    client_name: str = ""


class HomeView(View, frozen=True, kw_only=True):
    template: ClassVar[str] = "home.html"
    issuer: str
    sign_in_url: str
    discovery_url: str
    account: AccountRow | None = None
    links: AccountLinks | None = None
