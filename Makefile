# make run    sets everything up and starts the product with a simulated meter; Ctrl-C stops all of it
# make test   sets up and runs checks and tests
# make test-slow  the runs by chance at length (energy law, OpenAPI, kills, chaos), a real home and the recipes, which `make test` has a short case of
# make bench  figures of the ingest, beside what the database can do without it
# make setup  the set-up only: .venv, front ends built
# make audit  whether flaws are known in what goes into the image; asks a public service
# make docs  the documents as a site, in site/
# make data-model  docs/data-model.md and its pictures, made anew from the tables
# make messages  the catalogues of the languages, brought up to date with what the product says
# make pictures  the pictures of the guides, made anew from a demo that runs (`make run` in another window)
# make chaos  kills and cuts everything for some minutes while readings flow, and counts what is lost
# make image  the image of docker/Dockerfile, built without a Docker engine: buildah, podman and runc are needed
# make test-image  builds it and runs Client, Admin and ingest from it
# make grafana  the dashboards of grafana/, written anew
# All are safe to repeat and quick when nothing has changed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-slow test-image image grafana bench check chaos pictures messages data-model docs audit format lock clean
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
export PYTHON
BIN := .venv/bin
# Additional arguments: make run ARGS="--port 9000", make test ARGS="-k cost"
ARGS ?=
PYTEST := $(BIN)/python -m pytest --numprocesses auto --durations 30

help:
	@sed -n 's/^# make/make/p' Makefile

setup:
	@scripts/install.sh requirements.lock
	@$(BIN)/python -m portal.frontend

setup-dev: setup
	@scripts/install.sh requirements-dev.lock

# setpriv: were make itself killed, the product would otherwise stay behind.
run: setup
	@exec $$(command -v setpriv >/dev/null && echo setpriv --pdeathsig TERM) $(BIN)/portal demo $(ARGS)

# Tests run even when a check fails: one run shows everything that is wrong.
test: setup-dev
	@scripts/chromium-note.sh
	@status=0; $(MAKE) check || status=$$?; $(PYTEST) $(ARGS) || status=$$?; exit $$status

test-slow: setup-dev
	@PORTAL_TEST_LONG=1 $(PYTEST) tests/chaos tests/integration/energy/test_energy_law.py \
		tests/integration/energy/test_live_hours.py tests/unit/energy/judging \
		tests/integration/fleet_ingest/test_schema.py tests/integration/push/test_kills.py \
		tests/integration/push/test_real_home.py tests/contract/storage/test_releases.py \
		tests/integration/operations/test_upgrade_while_posting.py tests/e2e/test_several_processes.py tests/firmware/test_two_weeks.py \
		tests/documents/test_recipes.py $(ARGS)

bench: setup-dev
	@$(BIN)/python -m tests.bench.ingest $(ARGS)

check:
	@status=0; \
	for check in "ruff check ." "ruff format --check ." "pyright" "lint-imports"; do \
		echo "== $$check"; $(BIN)/$$check || status=1; \
	done; exit $$status

# Other figures: make chaos CHAOS_FAULTS=50 CHAOS_SEED=7
chaos: setup-dev
	@PORTAL_TEST_LONG=1 CHAOS_FAULTS=$${CHAOS_FAULTS:-200} CHAOS_STEP_SECONDS=60 timeout 1800 $(BIN)/python -m pytest -s tests/chaos $(ARGS)

image:
	@scripts/image.sh $(ARGS)

test-image: setup-dev
	@scripts/image.sh localhost/energy-portal:test
	@PORTAL_TEST_IMAGE=localhost/energy-portal:test $(BIN)/python -m pytest -s tests/image $(ARGS)

grafana: setup-dev
	@$(BIN)/python -m grafana.generate

audit: setup-dev
	@$(BIN)/uvx pip-audit==2.10.1 --requirement requirements-image.lock --disable-pip

docs: setup-dev
	@$(BIN)/python -m mkdocs build --strict --quiet && echo "docs: site/index.html"

pictures: setup-dev
	@$(BIN)/python scripts/guide_pictures.py $(ARGS)

messages: setup-dev
	@$(BIN)/python -m tests.documents.messages

data-model: setup-dev
	@$(BIN)/python -m tests.documents.data_model

format:
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

# Newer versions: change them in pyproject.toml, then run this. No index address goes into the files.
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
# Reflex's own server is not the one that serves.
NOT_IN_IMAGE := granian
lock:
	@$(LOCK) --group build --output-file requirements.lock
	@$(LOCK) $(NOT_IN_IMAGE:%=--no-emit-package %) --constraints requirements.lock --output-file requirements-image.lock
	@$(LOCK) --group build --group dev --constraints requirements.lock --output-file requirements-dev.lock

# The data of `make run` stays: it is removed by hand, with `rm -r data`.
clean:
	@rm -rf .venv .web .dist .states .pytest_cache .ruff_cache .hypothesis .import_linter_cache test-results
