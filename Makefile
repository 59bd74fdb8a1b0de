# Enishi's everyday commands. `make help` lists them. GNU Make 3.81 (macOS) is enough.
#
# Every target first makes .venv and installs the locked requirements; again only when a lock changed.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.enishi-installed
LOCKS := requirements/uv.txt requirements/dev.txt
PYTEST := $(BIN)/python -m pytest
# How many test processes: 3 unless told otherwise, e.g. make test JOBS=8. On two cores the third works while others wait.
JOBS ?= 3
UNIT := not slow and not e2e and not browser
# Tests that ask no database, or ask it only through what others ask on SQLite too: once is enough.
ONCE_IS_ENOUGH := tests/architecture tests/contract tests/core tests/integrations/providers tests/sandbox \
	tests/security tests/web tests/library/files tests/library/mappings tests/api/test_matrix.py
# What the quick loop leaves to `make test`.
SLOWER := tests/contract tests/sandbox tests/security tests/web tests/project tests/library/mappings

.DEFAULT_GOAL := help
.PHONY: help demo run sandbox schema test quick lint check bench bench-scale chaos migrate migrations manage lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /|/' | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: $(STAMP) ## a sandbox, a demo person, four services, one whole sync; ONCE=1 ends by itself
	@$(BIN)/python -m project.demo $(if $(ONCE),--once,)

run: $(STAMP) ## the service itself, with .env (made on first use): web, workers, beat, servers unless URLs are set
	@ENISHI_MAKE_KEYS=1 DJANGO_SETTINGS_MODULE=project.settings.prod $(BIN)/python manage.py up

sandbox: $(STAMP) ## all four services imitated on this machine, for trials of any client (docs/sandbox.md)
	@$(BIN)/python manage.py runsandbox $(ARGS)

test: $(STAMP) ## what asks the database on SQLite, then all tests on PostgreSQL and Valkey
	@ENISHI_TEST_DB=sqlite ENISHI_HYPOTHESIS=quick $(PYTEST) -q -n $(JOBS) -m "$(UNIT)" $(ONCE_IS_ENOUGH:%=--ignore=%)
	@$(PYTEST) -n $(JOBS)

quick: $(STAMP) ## the core and the unit tests on SQLite, in less than a minute
	@ENISHI_TEST_DB=sqlite ENISHI_HYPOTHESIS=quick ENISHI_TEST_MIGRATIONS=no $(PYTEST) -q -n $(JOBS) -m "$(UNIT)" \
		$(SLOWER:%=--ignore=%)

lint: $(STAMP) ## format, lint, types, doors, migrations, deployment settings
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@sh .ci/check-deploy $(BIN)/python

check: lint test ## everything a change must pass

bench: $(STAMP) ## how fast the merge, a whole run, the limiter, files and pages are
	@$(BIN)/python -m tests.bench

bench-scale: $(STAMP) ## a million people: tables, the house at work, a clock of paper; PART=live for one of them
	@$(BIN)/python -m tests.bench.bench_scale $(PART)

chaos: $(STAMP) ## processes and servers killed at random under people who edit; RUNS=300 SEED=7 (docs/decisions/0022-chaos.md)
	@$(BIN)/python -m tests.chaos --runs $(or $(RUNS),300) $(if $(SEED),--seed $(SEED),) $(ARGS)

migrate: $(STAMP) ## bring the development database up to date
	@$(BIN)/python manage.py migrate

migrations: $(STAMP) ## write migrations for changed models
	@$(BIN)/python manage.py makemigrations

manage: $(STAMP) ## any command of the real service: make manage ARGS="createsuperuser"
	@DJANGO_SETTINGS_MODULE=project.settings.prod $(BIN)/python manage.py $(ARGS)

schema: $(STAMP) ## write docs/api/openapi.yaml, which a test compares with the code
	@mkdir -p docs/api
	@DJANGO_SETTINGS_MODULE=project.settings.test $(BIN)/python manage.py spectacular --validate --fail-on-warn \
		--file docs/api/openapi.yaml

lock: $(STAMP) ## lock the newest versions that requirements/*.in allow, with hashes
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--upgrade --custom-compile-command "make lock" requirements/base.in --output-file requirements/base.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --constraint requirements/base.txt requirements/dev.in \
		--output-file requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" requirements/uv.in --output-file requirements/uv.txt

clean: ## remove the environment and caches; data in var/ and .env stay
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache htmlcov .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): $(LOCKS) .ci/bootstrap
	@sh .ci/bootstrap $(VENV)
	@touch $@
