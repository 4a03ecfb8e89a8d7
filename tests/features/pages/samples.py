"""Sample views of every page, for the preview and the tests of the pages: friendly ones, and ones
with hostile names.
"""

from __future__ import annotations

from sojourn.server.pages import view as v

NOW = 1_795_340_160_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0"
)
CHROME = (
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Mobile Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/19.0 Safari/605.1.15"
)
SOJOURN = "sojourn/0.1 (Linux)"

ADA = v.AccountRow(login="ada", name="Ada Lovelace", sid="s1", signed_in_at=NOW - 3 * MINUTE)
GRACE = v.AccountRow(
    login="grace.hopper", name="Grace Hopper", sid="s2", signed_in_at=NOW - 2 * DAY
)
PLAIN = v.AccountRow(login="admin", sid="s3", signed_in_at=NOW - 40 * DAY)
LINKS = v.AccountLinks(sessions="/sessions", password="/password", sign_out="/sign_out")

HOSTILE = """<script>alert(1)</script>\u202egnp.exe\u2066 "onload='x'"""
LONG = "Überlänge-" * 30


def scopes(*names: str) -> tuple[v.ScopeRow, ...]:
    return tuple(v.ScopeRow(name=name) for name in names)


def grant(
    identifier: str,
    *names: str,
    age: int = HOUR,
    used: int | None = 5 * MINUTE,
    offline: bool = False,
    ended: int | None = None,
    delegations: tuple[v.DelegationRow, ...] = (),
) -> v.GrantRow:
    return v.GrantRow(
        id=identifier,
        scopes=scopes(*names),
        created_at=NOW - age,
        last_used_at=None if used is None else NOW - used,
        ended_at=None if ended is None else NOW - ended,
        offline=offline,
        delegations=delegations,
    )


def acting(identifier: str, job: str, *names: str, age: int = MINUTE) -> v.DelegationRow:
    return v.DelegationRow(
        id=identifier,
        job=job,
        actor="Print Service",
        scopes=scopes(*names),
        created_at=NOW - age,
        ends_at=NOW + HOUR,
    )


SIGN_INS = (
    v.SignInCard(
        id="a1",
        user_agent=FIREFOX,
        address="198.51.100.24",
        signed_in_at=NOW - 3 * HOUR,
        last_used_at=NOW - 10_000,
        ends_at=NOW + 9 * HOUR,
        current=True,
        clients=(
            v.ClientRow(
                id="c1", name="Calendar", grants=(grant("g1", "openid", "profile", "email"),)
            ),
            v.ClientRow(
                id="c2",
                name="Photo Archive",
                grants=(
                    grant(
                        "g2",
                        "openid",
                        "photos.read",
                        used=2 * HOUR,
                        delegations=(
                            acting("t1", "render 42", "photos.read"),
                            acting("t2", "", "photos.read", age=HOUR),
                        ),
                    ),
                    grant("g3", "openid", "photos.write", used=None),
                ),
            ),
        ),
    ),
    v.SignInCard(
        id="a2",
        user_agent=IPHONE,
        address="2001:db8:85a3::8a2e:370:7334",
        signed_in_at=NOW - 2 * DAY,
        last_used_at=NOW - 25 * MINUTE,
        ends_at=NOW + 5 * DAY,
        methods=("pwd", "otp"),
        clients=(
            v.ClientRow(
                id="c3", name="Notes", grants=(grant("g4", "openid", "profile", age=2 * DAY),)
            ),
        ),
    ),
    v.SignInCard(
        id="a3",
        user_agent=SOJOURN,
        address="203.0.113.9",
        signed_in_at=NOW - 6 * DAY,
        last_used_at=NOW - 20 * HOUR,
        ends_at=NOW + DAY,
        methods=("hwk",),
        clients=(
            v.ClientRow(
                id="c4", name="Sojourn CLI", grants=(grant("g5", "openid", "profile", age=6 * DAY),)
            ),
        ),
    ),
    v.SignInCard(
        id="a4",
        user_agent=EDGE,
        address="192.0.2.77",
        signed_in_at=NOW - 9 * DAY,
        last_used_at=NOW - 8 * DAY,
        ended_at=NOW - 7 * DAY,
        end_reason="sign_out",
        clients=(
            v.ClientRow(
                id="c5",
                name="Payroll",
                grants=(grant("g6", "openid", used=8 * DAY, ended=7 * DAY),),
            ),
        ),
    ),
)
OFFLINE = (
    v.ClientRow(
        id="c6",
        name="Backup Robot",
        grants=(
            grant(
                "g7",
                "openid",
                "offline_access",
                "photos.read",
                age=60 * DAY,
                used=6 * HOUR,
                offline=True,
            ),
        ),
    ),
)

SESSIONS = v.SessionsView(
    action="/sessions",
    csrf="t",
    now=NOW,
    user=ADA,
    sign_ins=SIGN_INS,
    offline=OFFLINE,
    stores=(
        v.StoreRow(
            id="store-of-ada-0001",
            name="ada-laptop",
            clients=("sojourn command line", "Photo Archive"),
            since=NOW - 3 * DAY,
            last_used_at=NOW - HOUR,
        ),
        v.StoreRow(id="store-of-ada-0002", name="render-17", clients=("Renderer",), since=NOW),
    ),
    others=2,
    links=LINKS,
    older_url="/sessions?after=20",
)

CONSENT = v.ConsentView(
    action="/consent",
    csrf="t",
    interaction="i1",
    client_name="Photo Archive",
    client_host="photos.example",
    account=ADA,
    scopes=(
        *scopes("openid", "profile", "email", "offline_access"),
        v.ScopeRow(name="photos.read", already=True),
    ),
    resources=("https://api.photos.example",),
    switch_url="/choose",
    client_url="https://photos.example/",
    policy_url="https://photos.example/privacy",
    tos_url="https://photos.example/terms",
)

DEVICE = v.DeviceConfirmView(
    action="/device/confirm",
    csrf="t",
    interaction="i1",
    client_name="Photos on the wall",
    code="WDJB-MJHT",
    account=ADA,
    scopes=tuple(v.ScopeRow(name=name) for name in ("openid", "profile", "offline_access")),
    address="203.0.113.7",
    user_agent="sojourn/0.1 Linux",
    asked_at=NOW - MINUTE,
    now=NOW,
    switch_url="/choose",
    elsewhere=True,
    resources=("https://api.photos.example",),
)

PAGES: dict[str, v.View] = {
    "sign_in": v.SignInView(
        action="/sign_in",
        csrf="t",
        interaction="i1",
        client_name="Calendar",
        can_switch=True,
        switch_url="/choose",
    ),
    "sign_in_bare": v.SignInView(action="/sign_in", csrf="t"),
    "sign_in_refused": v.SignInView(
        action="/sign_in", csrf="t", client_name="Calendar", login="ada", error="sign_in.refused"
    ),
    "choose_account": v.ChooseAccountView(
        action="/choose", csrf="t", now=NOW, accounts=(ADA, GRACE, PLAIN), client_name="Calendar"
    ),
    "consent": CONSENT,
    "device": v.DeviceView(action="/device", csrf="t", code="WDJB-MJHT"),
    "device_wrong": v.DeviceView(action="/device", csrf="t", code="WDJB", error="device.wrong"),
    "device_confirm": DEVICE,
    "device_done": v.DeviceDoneView(client_name="Photos", approved=True, sessions_url="/sessions"),
    "device_denied": v.DeviceDoneView(
        client_name="Photos", approved=False, sessions_url="/sessions"
    ),
    "error": v.ErrorView(
        code="invalid_request",
        text="The redirect_uri is not registered for this client.",
        request_id="req_7Kq2mZ4tVn",
        client_name="Calendar",
    ),
    "error_busy": v.ErrorView(
        code="temporarily_unavailable", request_id="req_7Kq2mZ4tVn", retry_url="/sign_in"
    ),
    "signed_out": v.SignedOutView(sign_in_url="/sign_in", client_name="Calendar", others=1),
    "sign_out": v.SignOutView(action="/sign_out", csrf="t", account=ADA, client_name="Calendar"),
    "set_up": v.SetUpView(action="/set_up", csrf="t", token="once"),
    "set_up_short": v.SetUpView(
        action="/set_up", csrf="t", token="once", login="ada", error="password.short"
    ),
    "change_password": v.ChangePasswordView(action="/password", csrf="t", account=ADA, links=LINKS),
    "change_password_wrong": v.ChangePasswordView(
        action="/password", csrf="t", account=ADA, links=LINKS, error="change_password.wrong"
    ),
    "sessions": SESSIONS,
    "sessions_empty": v.SessionsView(
        action="/sessions",
        csrf="t",
        now=NOW,
        user=PLAIN,
        sign_ins=(),
        notice="sessions.done.others",
        links=LINKS,
    ),
    "form_post": v.FormPostView(
        action="https://app.example/callback",
        parameters=(("code", "sj_c_1"), ("state", "a b&c")),
        client_name="Calendar",
    ),
    "home": v.HomeView(
        issuer="https://id.example.org",
        sign_in_url="/sign_in",
        discovery_url="https://id.example.org/.well-known/openid-configuration",
    ),
    "home_signed_in": v.HomeView(
        issuer="https://id.example.org",
        sign_in_url="/sign_in",
        discovery_url="https://id.example.org/.well-known/openid-configuration",
        account=ADA,
        links=LINKS,
    ),
}

HOSTILE_ACCOUNT = v.AccountRow(login=LONG, name=HOSTILE, sid='"><b>', signed_in_at=NOW)
HOSTILE_PAGES: dict[str, v.View] = {
    "hostile_sign_in": v.SignInView(
        action="/sign_in",
        csrf='"><x>',
        client_name=HOSTILE,
        login='"><img src=x>',
        error="sign_in.refused",
    ),
    "hostile_choose": v.ChooseAccountView(
        action="/choose", csrf="t", now=NOW, accounts=(HOSTILE_ACCOUNT,), client_name=LONG
    ),
    "hostile_device": v.DeviceView(action="/device", csrf="t", code=HOSTILE),
    "hostile_device_confirm": v.DeviceConfirmView(
        action="/device/confirm",
        csrf="t",
        client_name=HOSTILE,
        code="WDJB-MJHT",
        account=HOSTILE_ACCOUNT,
        scopes=(v.ScopeRow(name=HOSTILE),),
        address=HOSTILE,
        user_agent=HOSTILE,
        asked_at=NOW,
        now=NOW,
        switch_url="/choose",
        resources=(HOSTILE,),
    ),
    "hostile_consent": v.ConsentView(
        action="/consent",
        csrf="t",
        client_name=LONG,
        client_host=LONG,
        account=HOSTILE_ACCOUNT,
        scopes=scopes("<b>", LONG, "unknown"),
        resources=(LONG,),
        policy_url="javascript:alert(1)",
        tos_url="data:text/html,x",
    ),
    "hostile_error": v.ErrorView(code="<b>", text=HOSTILE, request_id=HOSTILE, client_name=HOSTILE),
    "hostile_sessions": v.SessionsView(
        action="/sessions",
        csrf="t",
        now=NOW,
        user=HOSTILE_ACCOUNT,
        sign_ins=(
            v.SignInCard(
                id="h1",
                user_agent=HOSTILE,
                address=HOSTILE,
                signed_in_at=NOW,
                methods=(HOSTILE,),
                end_reason="<i>",
                clients=(v.ClientRow(id="h2", name=LONG, grants=(grant("h3", HOSTILE),)),),
            ),
        ),
        offline=(v.ClientRow(id="h4", name=HOSTILE, grants=(grant("h5", LONG, offline=True),)),),
        stores=(v.StoreRow(id='"><b>', name=HOSTILE, clients=(LONG, HOSTILE), since=NOW),),
    ),
    "hostile_form_post": v.FormPostView(
        action='https://app.example/cb?"><script>',
        parameters=(("state", HOSTILE),),
        client_name=HOSTILE,
    ),
}
