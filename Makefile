# Each target sets up what it needs. The work is in tools/setup.sh; stamps make a second run quick.
.PHONY: help demo test soak check lint bench docs browser clean
export PATH := $(CURDIR)/.venv/bin:$(PATH)
FAST := $(wildcard tests/model tests/wire tests/store) tests/test_house.py
LOCK := pyproject.toml $(wildcard uv.lock)

help:
	@echo "make demo    a server, demo people and a sample service on loopback; prints what to try"
	@echo "make check   style, types, arrows and the quick tests, in under a minute"
	@echo "make test    make check and every other test: browser, peers, crashes"
	@echo "make soak    100,000 refreshes of 64 processes over lost answers; about an hour"
	@echo "make bench   CPU time and size beside others' software (ARGS=\"--quick --only http\")"
	@echo "make docs    writes the generated pages and checks every link"
	@echo "make clean   removes what the other targets made, except .venv and node_modules"

demo: .venv/.stamp-server
	@sojourn demo $(ARGS)

check: lint
	@echo "[check] quick tests"
	@python -m pytest -q -n 2 --dist loadgroup $(FAST)

test: lint browser node_modules/.stamp .build/keystone/.stamp .build/cubicweb/.stamp
	@echo "[test] every test"
	@python -m pytest -q -n 2 --dist loadgroup $(ARGS)

soak: .venv/.stamp-dev
	@SOJOURN_REFRESHES=$${SOJOURN_REFRESHES:-100000} python -m pytest -q -n 0 tests/client/test_rotation.py $(ARGS)

lint: .venv/.stamp-dev
	@echo "[check] ruff, mypy, import contracts"
	@ruff check --quiet .
	@ruff format --quiet --check . || { echo "[check] not formatted: run ruff format" >&2; exit 1; }
	@mypy --no-error-summary
	@lint-imports --no-cache --no-logo > .venv/imports.txt || { cat .venv/imports.txt; exit 1; }

bench: .venv/.stamp-dev node_modules/.stamp
	@python -m bench $(ARGS)

docs: .venv/.stamp-dev
	@python tools/docs.py

browser:
	@tools/setup.sh browser

clean:
	rm -rf .build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.stamp-%: $(LOCK) tools/setup.sh
	@tools/setup.sh python $*
	@touch $@

node_modules/.stamp: package-lock.json tools/setup.sh | .venv/.stamp-dev
	@tools/setup.sh peers
	@touch $@

.build/keystone/.stamp: tests/peers/keystone.txt pyproject.toml tools/setup.sh | .venv/.stamp-dev
	@tools/setup.sh keystone
	@touch $@

.build/cubicweb/.stamp: tests/peers/cubicweb.txt tools/setup.sh | .venv/.stamp-dev
	@tools/setup.sh cubicweb
	@touch $@
