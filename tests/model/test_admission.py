"""The judgement: one dead, missing or foreign node anywhere on a path refuses every operation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sojourn.errors import NotLive
from sojourn.model import admission
from sojourn.model.admission import Admitted, Operation, judge, verdicts
from sojourn.model.authentication_event import create_authn_event
from sojourn.model.beside import Beside
from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession
from sojourn.model.grant import Grant
from sojourn.model.liveness import Node, Path
from sojourn.model.signin import SignIn
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.model.value import Ending, Value

NOW = 1_000_000
CLIENT = Client(client_id="shop")
ENDED = Ending(NOW - 1, "revoked")
ALONE = Ending(NOW - 1, "revoked", recursive=False)
Change = Callable[[list[Node]], None]


def path(*, offline: bool = False, signed_in: bool = True, parents: int = 1) -> list[Node]:
    """A live access token on `parents` refresh tokens on a grant."""
    event = create_authn_event("u", now=NOW)
    tokens = [Token(type="access_token", client_id="shop", issued_at=1, expires_at=NOW + 1)]
    tokens += [Token(type="refresh_token", client_id="shop", issued_at=1)] * parents
    grant = Grant(
        id="g",
        user_id="u",
        client_id="shop",
        created=1,
        signin="s" if signed_in else "",
        offline=offline,
        end=NOW + 1,
    )
    values: list[Value] = [*tokens, grant]
    values.append(ClientSession(user_id="u", client_id="shop", created=1))
    values.append(User(id="u", created=1))
    if signed_in:
        values.append(SignIn(id="s", user_id="u", created=1, end=NOW + 1, secret="", event=event))
    kinds = {
        Token: "token",
        Grant: "grant",
        ClientSession: "csession",
        User: "user",
        SignIn: "signin",
    }
    return [Node(f"r/0/{kinds[type(v)]}/{n}", 1, v) for n, v in enumerate(values)]


def accept(nodes: list[Node], operation: Operation = admission.ACCEPT) -> Admitted:
    return judge(operation, tuple(nodes), client=CLIENT, now=NOW)


def refused(nodes: list[Node], client: Client | None = CLIENT, now: int = NOW) -> str:
    """Why a path is refused; the verdicts must tell of a dead node as well."""
    with pytest.raises(NotLive) as error:
        judge(admission.ACCEPT, tuple(nodes), client=client, now=now)
    if client is not None and nodes and nodes[0].value is not None:
        assert any(v.why for v in verdicts(tuple(nodes), client=client, now=now))
    return f"{error.value.node}: {error.value.why}"


def at(nodes: list[Node], kind: type[Value]) -> int:
    return next(n for n, node in enumerate(nodes) if type(node.value) is kind)


def changed(kind: type[Value], **changes: object) -> Change:
    def change(nodes: list[Node]) -> None:
        n = at(nodes, kind)
        node = nodes[n]
        assert node.value is not None
        nodes[n] = Node(node.key, node.version, structs.replace(node.value, **changes))

    return change


DEATHS = [
    (changed(Token, ended=ENDED), "access token: revoked"),
    (changed(Token, ended=ALONE), "access token: revoked"),
    (changed(Token, expires_at=NOW), "access token: expired"),
    (changed(Token, not_before=NOW + 1), "access token: not yet valid"),
    (changed(Token, max_usage=2, used=2), "access token: used up"),
    (changed(Grant, ended=ENDED), "grant: revoked"),
    (changed(Grant, end=NOW), "grant: expired"),
    (changed(Grant, generation=1), "grant: the client session was begun anew"),
    (changed(Grant, epoch=1), "grant: others_ended"),
    (changed(ClientSession, ended=ENDED), "client session: revoked"),
    (changed(ClientSession, generation=1), "grant: the client session was begun anew"),
    (changed(User, ended=ENDED), "user: revoked"),
    (changed(User, status="disabled"), "user: disabled"),
    (changed(User, status="locked"), "user: locked"),
    (changed(User, status="anything"), "user: anything"),
    (changed(User, epoch=1), "grant: others_ended"),
    (changed(User, epoch=1, excepted="other"), "grant: others_ended"),
    (changed(SignIn, ended=ENDED), "sign-in: revoked"),
    (changed(SignIn, end=NOW), "sign-in: expired"),
    (changed(SignIn, epoch=1), "sign-in: others_ended"),
]


@pytest.mark.parametrize(("death", "why"), DEATHS)
@pytest.mark.parametrize("parents", [0, 1, 3])
def test_one_dead_node_refuses_the_token_and_is_named(death: Change, why: str, parents: int):
    nodes = path(parents=parents)
    accept(nodes)
    death(nodes)
    assert refused(nodes) == why


@pytest.mark.parametrize("parents", [0, 2])
@pytest.mark.parametrize("offline", [False, True])
def test_a_missing_node_is_dead_but_for_the_sign_in_of_an_offline_grant(
    parents: int, offline: bool
):
    whole = path(parents=parents, offline=offline)
    for n, node in enumerate(whole):
        nodes = whole.copy()
        nodes[n] = Node(node.key, 0, None)
        if offline and type(node.value) is SignIn:
            accept(nodes)
        else:
            assert refused(nodes).endswith(("missing", "of another kind"))


@pytest.mark.parametrize("parents", [0, 2])
def test_a_path_that_lacks_a_node_altogether_is_dead(parents: int):
    whole = path(parents=parents)
    for n, node in enumerate(whole):
        if type(node.value) is Token:
            continue
        assert refused(whole[:n] + whole[n + 1 :])
    assert refused([]) == "path: missing"


def test_an_offline_grant_is_judged_by_all_but_its_sign_in():
    for death, why in DEATHS:
        nodes = path(offline=True)
        death(nodes)
        if why.startswith("sign-in"):
            accept(nodes)
        else:
            assert refused(nodes) == why


def test_the_excepted_sign_in_and_its_grants_survive():
    nodes = path()
    changed(User, epoch=7, excepted="s")(nodes)
    accept(nodes)
    unsigned = path(signed_in=False)
    changed(User, epoch=7, excepted="")(unsigned)
    assert refused(unsigned) == "grant: others_ended"


@pytest.mark.parametrize(
    ("client", "why"),
    [
        (None, "client: missing"),
        (structs.replace(CLIENT, status="disabled"), "client: disabled"),
        (structs.replace(CLIENT, ended=ENDED), "client: revoked"),
        (structs.replace(CLIENT, client_id="bank"), "client: of another grant"),
    ],
)
def test_the_client_is_judged_beside_the_path(client: Client | None, why: str):
    with pytest.raises(NotLive) as error:
        judge(admission.ACCEPT, tuple(path()), client=client, now=NOW)
    assert f"{error.value.node}: {error.value.why}" == why


def test_a_parent_ends_its_children_only_when_it_ended_with_them():
    for ending, live in ((ALONE, True), (ENDED, False)):
        nodes = path(parents=2)
        parent = nodes[2]
        assert parent.value is not None
        nodes[2] = Node(
            parent.key,
            1,
            structs.replace(parent.value, ended=ending, expires_at=1, max_usage=1, used=1),
        )
        if live:
            accept(nodes)
        else:
            assert refused(nodes) == "refresh token: revoked"


OPERATIONS = [value for value in vars(admission).values() if isinstance(value, Operation)]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_an_operation_admits_only_its_own_kind_of_leaf(operation: Operation):
    own: list[Path] = [(Node("c", 1, CLIENT),)]
    whole = path()
    own += [tuple(whole), tuple(whole[at(whole, Grant) :]), (whole[-1], whole[-2])]
    for name in ("authorization_code", "device_code", "refresh_token"):
        other = path(parents=0)
        changed(Token, type=name)(other)
        own.append(tuple(other))
    admitted = []
    for one in own:
        try:
            admitted.append(judge(operation, one, client=CLIENT, now=NOW))
        except NotLive:
            continue
    assert admitted
    for found in admitted:
        leaf = found.leaf.value
        assert type(leaf) is operation.leaf
        assert not operation.types or (isinstance(leaf, Token) and leaf.type in operation.types)


def test_authorizing_needs_a_client_and_signing_in_does_not():
    whole = path()
    standing = (whole[-1], whole[at(whole, User)])
    judge(admission.SIGN_IN, standing, client=None, now=NOW)
    with pytest.raises(NotLive):
        judge(admission.AUTHORIZE, standing, client=None, now=NOW)


def test_only_the_judge_admits():
    with pytest.raises(TypeError):
        Admitted(object(), admission.ACCEPT, (), client=None, beside=Beside(), now=NOW)


def test_a_spent_code_is_let_through_only_where_it_may_repeat():
    nodes = path(parents=0)
    changed(Token, type="authorization_code", max_usage=1, used=1)(nodes)
    with pytest.raises(NotLive):
        accept(nodes, admission.CODE)
    accept(nodes, admission.CODE_AGAIN)
    changed(Token, ended=ALONE)(nodes)
    with pytest.raises(NotLive):
        accept(nodes, admission.CODE_AGAIN)


@given(
    st.lists(st.sampled_from(range(len(DEATHS))), max_size=4),
    st.integers(0, 3),
    st.booleans(),
    st.integers(-2, 2),
)
def test_the_judge_and_the_verdicts_always_agree(
    deaths: list[int], parents: int, offline: bool, moment: int
):
    nodes = path(parents=parents, offline=offline)
    for n in deaths:
        DEATHS[n][0](nodes)
    told = verdicts(tuple(nodes), client=CLIENT, now=NOW + moment)
    try:
        judge(admission.ACCEPT, tuple(nodes), client=CLIENT, now=NOW + moment)
        live = True
    except NotLive as error:
        live = False
        refusal = (error.node, error.why)
        assert refusal in {(v.node, v.why) for v in told}
    assert live is not any(v.why for v in told)


BINDING = [
    # bound, proved: what the operations say that hand a token out, that accept one, and that only look
    ("", "", True, True, True),
    ("", "k", True, False, True),
    ("k", "k", True, True, True),
    ("k", "", False, False, True),
    ("k", "other", False, False, True),
]
"""The key binding (RFC 9449) as the judge sees it."""


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.types], ids=lambda o: o.name)
@pytest.mark.parametrize("row", BINDING, ids=lambda r: f"bound to {r[0]!r}, proved {r[1]!r}")
def test_a_bound_token_goes_with_its_key_alone(
    operation: Operation, row: tuple[str, str, bool, bool, bool]
):
    jkt, key, hands_out, accepts, looks = row
    nodes = path(parents=0)
    changed(Token, type=operation.types[0], jkt=jkt)(nodes)
    admits = {"same": hands_out, "only": accepts, "": looks}[operation.key]
    if admits:
        judge(operation, tuple(nodes), client=CLIENT, now=NOW, key=key)
        return
    with pytest.raises(NotLive):
        judge(operation, tuple(nodes), client=CLIENT, now=NOW, key=key)


def test_every_operation_that_hands_out_or_accepts_looks_at_the_key():
    # The service that a token is for was shown the proof of the client's key, and cannot repeat it.
    free = {"sign_in", "authorize", "embed", "introspect", "mint_from", "exchange_for_service"}
    assert {o.name for o in OPERATIONS if not o.key} == free


STRICT = structs.replace(CLIENT, dpop_bound_access_tokens=True)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_a_client_whose_tokens_must_be_bound_does_nothing_without_a_key(operation: Operation):
    whole = path(parents=0)
    leaf = {
        Token: tuple(whole),
        Grant: tuple(whole[at(whole, Grant) :]),
        SignIn: (whole[-1], whole[-2]),
        Client: (Node("c", 1, STRICT),),
    }[operation.leaf]
    if operation.types:
        changed(Token, type=operation.types[0])(whole)
        leaf = tuple(whole)
    first = leaf[0].value
    loose = isinstance(first, Token) and first.type == "access_token"
    if not operation.key and not loose:
        judge(operation, leaf, client=STRICT, now=NOW)
        return
    with pytest.raises(NotLive):
        judge(operation, leaf, client=STRICT, now=NOW)
    if not loose:
        judge(operation, leaf, client=STRICT, now=NOW, key="k")


def test_explaining_tells_of_an_access_token_that_should_be_bound():
    nodes = tuple(path())
    told = verdicts(nodes, client=STRICT, now=NOW)
    assert told[0].why == "bound to no key, and its client's must be"
    assert not any(v.why for v in verdicts(nodes, client=CLIENT, now=NOW))
