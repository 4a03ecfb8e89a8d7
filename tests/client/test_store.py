"""The sealed store: what it keeps, and that nothing is lost when the disk, the key or a file is
bad."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sojourn import errors
from sojourn.client.cache import files, keys
from sojourn.client.cache.store import CredentialStore

RECORD = {"v": 1, "secrets": {"token": {"access_token": "hush-hush"}}, "unknown": [1]}


def everything_in(folder):
    return b"".join(path.read_bytes() for path in Path(folder).rglob("*") if path.is_file())


@pytest.fixture
def account(store):
    account = store.account_id("oidc", "https://a.example", "ada")
    with store.locked(account):
        store.write(account, RECORD)
    return account


def test_a_record_comes_back_as_it_was_and_lies_sealed_on_disk(store, account):
    assert CredentialStore().read(account) == RECORD
    assert store.ids() == [account]
    whole = everything_in(store.paths.data)
    assert b"hush" not in whole
    assert b"ada" not in whole
    assert b"a.example" not in whole
    for path in Path(store.paths.data).rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_id_of_an_account_tells_its_parts_apart(store):
    ids = {store.account_id("oidc", "a", "bc"), store.account_id("oidc", "ab", "c")}
    assert len(ids) == 2
    assert store.account_id("oidc", "a", "bc") in ids


def test_no_record_is_none_and_a_strange_id_is_refused(store, account):
    assert store.read("A" * 22) is None
    for strange in ("../../etc/passwd", "", "A" * 23, "é" * 22):
        with pytest.raises(errors.Malformed):
            store.read(strange)


def test_a_sealed_file_serves_only_its_own_account(store, account):
    other = store.account_id("oidc", "https://a.example", "eve")
    folder = Path(store.paths.credentials)
    (folder / f"{other}.sealed").write_bytes((folder / f"{account}.sealed").read_bytes())
    with pytest.raises(errors.StoreUnavailable, match="damaged"):
        store.read(other)


@pytest.mark.parametrize("cut", [0, 3, 4, 20, -1])
def test_a_damaged_file_is_a_clear_error_and_stays_as_it_is(store, account, cut):
    path = Path(store.paths.credentials, f"{account}.sealed")
    broken = path.read_bytes()[:cut]
    path.write_bytes(broken)
    with pytest.raises(errors.StoreUnavailable, match=f"{path}.*damaged"):
        store.read(account)
    assert path.read_bytes() == broken
    store.set_aside(account)
    assert store.read(account) is None
    assert Path(f"{path}.damaged").read_bytes() == broken


def test_every_flipped_byte_is_noticed(store, account):
    path = Path(store.paths.credentials, f"{account}.sealed")
    good = path.read_bytes()
    for position in range(len(good)):
        path.write_bytes(good[:position] + bytes((good[position] ^ 1,)) + good[position + 1 :])
        with pytest.raises(errors.StoreError):
            store.read(account)


def test_a_record_of_a_later_release_is_neither_read_nor_touched(store, account):
    path = Path(store.paths.credentials, f"{account}.sealed")
    newer = path.read_bytes()[:3] + b"\x02" + path.read_bytes()[4:]
    path.write_bytes(newer)
    with pytest.raises(errors.NewerRecord, match="later release"):
        store.read(account)
    assert path.read_bytes() == newer


FULL = """
import resource, signal, sys
from sojourn import errors
from sojourn.client.cache.store import CredentialStore
store = CredentialStore()
account = store.ids()[0]
store.read(account)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60))
try:
    store.write(account, {"big": "x" * 500})
except errors.StoreUnavailable as error:
    print(error)
"""


def test_a_disk_that_takes_no_more_is_a_clear_error_and_the_record_stays(store, account):
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=True)
    assert "Cannot write" in done.stdout
    assert "unchanged" in done.stdout
    assert store.read(account) == RECORD
    assert list(Path(store.paths.credentials).glob("*.new")) == []


def test_a_home_that_cannot_be_written_is_a_clear_error(monkeypatch):
    store = CredentialStore("/proc/sojourn")
    with pytest.raises(errors.StoreUnavailable, match="/proc/sojourn"):
        store.account_id("oidc", "a")
    assert store.ids() == []


def test_a_key_that_others_can_read_is_refused_with_the_remedy(store, account):
    Path(store.paths.key).chmod(0o644)
    with pytest.raises(errors.ConfigurationError, match="chmod 600"):
        CredentialStore().read(account)


def test_a_lost_key_is_never_replaced_while_records_wait_for_it(store, account):
    saved = Path(store.paths.key).read_bytes()
    Path(store.paths.key).unlink()
    with pytest.raises(errors.ConfigurationError, match="is gone"):
        CredentialStore().read(account)
    Path(store.paths.origin_of_key).unlink()
    with pytest.raises(errors.ConfigurationError, match="is gone"):
        CredentialStore().account_id("oidc", "x")
    Path(store.paths.key).write_bytes(saved)
    Path(store.paths.key).chmod(0o600)
    assert CredentialStore().read(account) == RECORD


def test_many_processes_that_begin_at_once_agree_on_one_key(store):
    code = "from sojourn.client.cache.store import CredentialStore as S; print(S().account_id('a'))"
    made = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in made}) == 1


def test_a_lock_held_elsewhere_is_reported_in_the_end(store, account):
    held, done = threading.Event(), threading.Event()

    def hold():
        with store.locked(account):
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    path = f"{store.paths.credentials}/{account}.lock"
    with pytest.raises(errors.CredentialBusy), files.locked(path, timeout=0.05):
        pass
    done.set()
    holder.join()
    with store.locked(account):
        pass


def test_a_keyring_that_works_holds_the_key_and_no_file_does(tmp_path, monkeypatch):
    from tests.client.keyrings import Remembering

    _use(monkeypatch, Remembering())
    store = CredentialStore(tmp_path / "home")
    account = store.account_id("oidc", "a")
    store.write(account, RECORD)
    assert store.key_origin() == "keyring"
    assert not Path(store.paths.key).exists()
    assert CredentialStore(tmp_path / "home").read(account) == RECORD
    _use(monkeypatch, Remembering())
    with pytest.raises(errors.ConfigurationError, match="keyring"):
        CredentialStore(tmp_path / "home").read(account)


@pytest.mark.parametrize("name", ["Failing", "Hanging", "Forgetting", "Weak"])
def test_a_keyring_that_fails_hangs_forgets_or_is_weak_gives_way_to_a_key_file(
    tmp_path, monkeypatch, name
):
    from tests.client import keyrings

    monkeypatch.setattr(keys, "PROBE_LIMIT", 0.1)
    backend = getattr(keyrings, name)()
    _use(monkeypatch, backend)
    store = CredentialStore(tmp_path / "home")
    account = store.account_id("oidc", "a")
    assert store.key_origin() == "file"
    assert stat.S_IMODE(Path(store.paths.key).stat().st_mode) == 0o600
    assert CredentialStore(tmp_path / "home").account_id("oidc", "a") == account
    if name == "Hanging":
        backend.release.set()


def _use(monkeypatch, backend):
    import keyring

    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
