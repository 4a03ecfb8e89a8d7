"""The dispatcher: every step of a page flow comes back here, and here alone is decided what comes next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import (
    AccessDenied,
    AccountSelectionRequired,
    ConsentRequired,
    InvalidRequest,
    LoginRequired,
    NotLive,
    PageExpired,
    ProtocolError,
)
from sojourn.model.authorization_request import AuthorizationRequest
from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession, Consent
from sojourn.model.interaction import Interaction
from sojourn.server.endpoints import answers, checks
from sojourn.server.login.decision import Account, Need, Situation, decide, pick
from sojourn.server.pages import choose_account, consent, device, paths, sign_in
from sojourn.server.pages.browser import Browser, Held
from sojourn.server.pages.interactions import Found, Interactions
from sojourn.server.pages.site import Site, see_other
from sojourn.server.services import http
from sojourn.server.services.administration.roles import allowed_scopes
from sojourn.server.services.sessions.devices import Waiting
from sojourn.server.services.sessions.grants import GrantOrder
from sojourn.server.services.sessions.minting import Order
from sojourn.wire import kept_in

_UNASKED: Final[Mapping[Need, Callable[[], ProtocolError]]] = {
    Need.SIGN_IN: LoginRequired,
    Need.CHOOSE: AccountSelectionRequired,
    Need.CONSENT: ConsentRequired,
}
"""What `prompt=none` gets instead of a page (OpenID Connect Core §3.1.2.6)."""

_KEPT: Final = (
    *("scope", "nonce", "state", "acr_values", "claims", "resource", "redirect_uri"),
    *(kept_in.ID, kept_in.NAME),
)
"""The parameters of a request that its grant keeps."""


async def begin(site: Site, request: Request, parameters: dict[str, str]) -> Response:
    """Take a new authorization request: answer it at once if nothing is needed, else begin an interaction."""
    try:
        asked, client = await checks.check(site, parameters)
    except checks.Redirected as refused:
        return answers.with_error(site, request, refused.request, refused.error)
    found = Found(Interactions(site).begin(parameters))
    browser = await Browser.read(site, request)
    step = await _Step.of(site, request, browser, found, (asked, client))
    if step.silent:
        return await step.answer()
    return set_out(site, request, asked, found.interaction, set_cookies=browser.cookies())


def set_out(
    site: Site,
    request: Request,
    asked: AuthorizationRequest,
    interaction: Interaction,
    *,
    set_cookies: tuple[str, ...] = (),
) -> Response:
    """Keep a checked request in this browser and go to its first page; one too large goes back to the client."""
    try:
        kept = Interactions(site).cookie(interaction)
    except InvalidRequest as error:
        return answers.with_error(site, request, asked, error)
    return see_other(site.url(paths.CONTINUE, i=interaction.id), (*set_cookies, kept))


async def resume(site: Site, request: Request) -> Response:
    """Take a page flow up again: show what is needed now, or answer the request."""
    query = http.query(request)
    interactions = Interactions(site)
    found = await interactions.find(request, query.get("i", ""))
    if found is None:
        raise PageExpired
    waiting = await _waiting(site, found.interaction)
    if query.get("cancel") and waiting is not None:
        return see_other(site.url(paths.DEVICE), (await interactions.finish(found),))
    if query.get("cancel"):
        denied = msgspec.structs.replace(found.interaction, denied=True)
        found = msgspec.structs.replace(found, interaction=denied)
    try:
        checked = await _checked(site, found.interaction, waiting)
    except checks.Redirected as refused:
        return answers.with_error(site, request, refused.request, refused.error)
    browser = await Browser.read(site, request)
    if query.get("choose") and browser.held:
        return await choose_account.show(site, request, browser, found.interaction)
    step = await _Step.of(site, request, browser, found, checked, waiting=waiting)
    return await step.take()


async def _waiting(site: Site, interaction: Interaction) -> Waiting | None:
    """The device that a flow is about, if it is about one. Raises PageExpired when that waits no longer."""
    if not interaction.device:
        return None
    waiting = await site.sessions.devices.at(interaction.device)
    if waiting is None:
        raise PageExpired
    return waiting


async def _checked(
    site: Site, interaction: Interaction, waiting: Waiting | None
) -> tuple[AuthorizationRequest, Client]:
    """What is asked of the person, checked again: client and resources may have changed since."""
    if waiting is None:
        return await checks.check(site, dict(interaction.request))
    asked = waiting.request
    parameters = {
        "client_id": asked.client_id,
        "scope": " ".join(asked.scope),
        "resource": " ".join(asked.resources),
        "max_age": "" if asked.max_age is None else str(asked.max_age),
        **asked.store,
    }
    return await checks.check_device(site, parameters)


class _Step:
    """One moment of a flow: who is here, what is asked, what is needed."""

    def __init__(
        self,
        site: Site,
        request: Request,
        browser: Browser,
        found: Found,
        situation: Situation,
        *,
        waiting: Waiting | None,
    ) -> None:
        self._site = site
        self._request = request
        self._browser = browser
        self._found = found
        self._situation = situation
        self._asked = situation.request
        self._waiting = waiting
        self.need = decide(situation).need

    @classmethod
    async def of(
        cls,
        site: Site,
        request: Request,
        browser: Browser,
        found: Found,
        checked: tuple[AuthorizationRequest, Client],
        *,
        waiting: Waiting | None = None,
    ) -> _Step:
        asked, client = checked
        accounts = await browser.accounts()
        if asked.hint_sub or asked.sub:
            accounts = tuple(_known(site, account, client) for account in accounts)
        account = pick(asked, found.interaction, accounts)
        session: ClientSession | None = None
        if account is not None:
            session = await site.sessions.grants_.session(account.user.id, client.client_id)
        situation = Situation(
            request=asked,
            client=client,
            interaction=found.interaction,
            accounts=accounts,
            account=account,
            session=session,
            now=site.context.now(),
        )
        return cls(site, request, browser, found, situation, waiting=waiting)

    @property
    def silent(self) -> bool:
        """Whether no page is needed, or none may be shown (`prompt=none`)."""
        return self.need is None or "none" in self._asked.prompt

    async def take(self) -> Response:
        """Show the page that is needed, or answer."""
        if self.need is None or self.silent or self._found.interaction.denied:
            return await self.answer()
        return await _PAGES[self.need](self)

    async def answer(self) -> Response:
        """The answer to the request: a code, or the error that stands for what is needed."""
        if self._waiting is not None:
            return await self._decided(self._waiting)
        if self._found.interaction.denied:
            return await self._refuse(AccessDenied("The person did not agree."))
        if self.need is not None:
            return await self._refuse(_UNASKED[self.need]())
        account = self._situation.account
        held = self._browser.by_sid(account.signin.id) if account else None
        if held is None:
            return await self._refuse(LoginRequired())
        scope = allowed_scopes(self._asked.scope, held.user.roles)
        try:
            code = await self._code(held, scope)
        except NotLive:
            return await self._refuse(LoginRequired())
        jar = self._browser.cookies()
        if self._resumed:
            jar = (*jar, await Interactions(self._site).finish(self._found))
        await self._site.sessions.signins.touch(held.admitted.leaf.key)
        return answers.with_code(self._site, self._request, self._asked, code, set_cookies=jar)

    @property
    def _resumed(self) -> bool:
        path: str = self._request.scope["path"]
        return path.endswith(paths.CONTINUE)

    async def _refuse(self, error: ProtocolError) -> Response:
        jar: tuple[str, ...] = ()
        if self._resumed:
            jar = (await Interactions(self._site).finish(self._found),)
        return answers.with_error(self._site, self._request, self._asked, error, set_cookies=jar)

    async def _decided(self, waiting: Waiting) -> Response:
        """What a person decided about a device, told to the device and shown to them."""
        site, client, account = self._site, self._situation.client, self._situation.account
        held = self._browser.by_sid(account.signin.id) if account else None
        if held is None:
            raise PageExpired
        approved = not self._found.interaction.denied
        if approved:
            order = self._order(held, allowed_scopes(self._asked.scope, held.user.roles))
            try:
                await site.sessions.devices.approve(waiting, held.admitted, order, client=client)
            except NotLive as error:
                raise PageExpired(detail=error.detail) from error
            await site.throttle.succeeded(device.guesser(site, self._request))
        else:
            await site.sessions.devices.deny(waiting, held.user.id)
        jar = (*self._browser.cookies(), await Interactions(site).finish(self._found))
        await site.sessions.signins.touch(held.admitted.leaf.key)
        name = client.client_name or client.client_id
        return device.done(
            site, self._request, client_name=name, approved=approved, set_cookies=jar
        )

    def _order(self, held: Held, scope: tuple[str, ...]) -> GrantOrder:
        asked, client = self._asked, self._situation.client
        lives = self._site.context.lifetimes
        return GrantOrder(
            user_id=held.user.id,
            client_id=client.client_id,
            sub_type=client.subject_type,
            sector=client.sector_identifier,
            scope=scope,
            claims=_claims(asked),
            resources=asked.resources,
            signin=held.signin.id,
            offline=asked.offline,
            end=self._site.context.now() + (lives.offline if asked.offline else lives.grant),
            event=held.signin.event,
            request={name: asked.parameters[name] for name in _KEPT if name in asked.parameters},
        )

    async def _code(self, held: Held, scope: tuple[str, ...]) -> str:
        asked = self._asked
        code = Order(
            type="authorization_code",
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
            nonce=asked.nonce,
            jkt=asked.dpop_jkt,
        )
        minted = await self._site.sessions.authorizing.authorize(
            held.admitted,
            self._order(held, scope),
            code,
            client=self._situation.client,
            consent=self._consent(),
        )
        return minted.value

    def _consent(self) -> Consent | UnsetType:
        """What the person agreed to just now, added to what they agreed to before."""
        asked, session = self._asked, self._situation.session
        if not self._found.interaction.consented:
            return UNSET
        before = Consent(at=0)
        if session is not None and session.ended is UNSET and session.consent is not UNSET:
            before = session.consent
        claims = (*before.claims, *asked.userinfo, *asked.id_token)
        return Consent(
            at=self._situation.now,
            scope=tuple(dict.fromkeys((*before.scope, *asked.scope))),
            claims=tuple(dict.fromkeys(claims)),
            resources=tuple(dict.fromkeys((*before.resources, *asked.resources))),
        )

    async def sign_in(self) -> Response:
        return await sign_in.show(self._site, self._request, self._browser, self._found.interaction)

    async def choose(self) -> Response:
        return await choose_account.show(
            self._site, self._request, self._browser, self._found.interaction
        )

    async def consent(self) -> Response:
        return await consent.show(self._site, self._request, self._browser, self._situation)

    async def confirm(self) -> Response:
        if self._waiting is None:
            raise PageExpired
        return await device.confirm(
            self._site, self._request, self._browser, self._situation, asked=self._waiting.request
        )


_PAGES: Final[Mapping[Need, Callable[[_Step], Awaitable[Response]]]] = {
    Need.SIGN_IN: _Step.sign_in,
    Need.CHOOSE: _Step.choose,
    Need.CONSENT: _Step.consent,
    Need.DEVICE: _Step.confirm,
}


def _known(site: Site, account: Account, client: Client) -> Account:
    sub = site.sessions.grants_.subject_of(account.user.id, client)
    return msgspec.structs.replace(account, sub=sub)


def _claims(asked: AuthorizationRequest) -> dict[str, object]:
    found: dict[str, object] = {}
    if asked.userinfo:
        found["userinfo"] = dict.fromkeys(asked.userinfo)
    if asked.id_token:
        found["id_token"] = dict.fromkeys(asked.id_token)
    return found
