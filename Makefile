# Each target is an npm script of the same name; package.json and scripts/run.mjs say what they do.
# ARGS are passed on: make prove ARGS="targets --seed 1 --count 5"

ARGS ?=
SHELL_SCRIPTS = .ci/run bin/* tests/bats/stand-in/psql deploy/docker/build/*.sh deploy/docker/root/usr/bin/* \
	deploy/docker/root/usr/lib/walkback/* tests/support/kubernetes/*.sh

.DEFAULT_GOAL := help
.PHONY: help setup demo ok test test-unit test-system test-extra test-all prove bench format reference build image shellcheck clean
.PHONY: targets lint test_unit test_e2e whoami project

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9_-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## bring Node, PostgreSQL servers and packages, and nothing else
	@npm run --silent setup

demo: ## a disaster and its recovery, on an embedded PostgreSQL and a local folder
	@npm run --silent demo -- $(ARGS)

ok: ## format, lint, types, layers, unused code, places, docs, unit tests
	@npm run --silent ok -- $(ARGS)

test: ## ok, then the tests on real PostgreSQL servers
	@npm test --silent -- $(ARGS)

test-unit: ## unit tests only
	@npm run --silent test:unit -- $(ARGS)

test-system: ## the tests on real PostgreSQL servers only
	@npm run --silent test:system -- $(ARGS)

test-extra: ## object stores, wal-g and faults only
	@npm run --silent test:extra -- $(ARGS)

test-all: ## everything that can be tested here
	@npm run --silent test:all -- $(ARGS)

prove: ## list the proofs; ARGS="NAME --seed 1 --count 3" runs one, ARGS=all runs all
	@npm run --silent prove -- $(ARGS)

bench: ## measure beside pgBackRest and pg_basebackup
	@npm run --silent bench -- $(ARGS)

format: ## format the sources
	@npm run --silent format

reference: ## write docs/reference anew
	@npm run --silent reference

build: ## bundle into dist/
	@npm run --silent build

image: ## build the container image; ARGS=--local with Debian's packages only (deploy/docker/README.md)
	@npm run --silent image -- $(ARGS)

shellcheck: ## lint the shell scripts (needs shellcheck)
	shellcheck -x -P . $(SHELL_SCRIPTS)
	shellcheck -s bash tests/bats/*/*.bash

clean: ## remove what was installed and built
	rm -rf node_modules .tools dist

# The names that cas-postgres has for the same.

BATS ?= bats
OC ?= oc

targets: help ## the same as help

lint: ## lint the sources
	@npm run --silent ok -- lint

test_unit: ## bats: create-user-db and alter-role, with psql stood in
	$(BATS) tests/bats/unit

test_e2e: ## bats, on a container it starts; or on CONTAINER, or in OC_PROJECT with PROJECT_PREFIX
	@if [ -n "$(OC_PROJECT)$(CONTAINER)" ]; then \
		if [ -n "$(OC_PROJECT)" ]; then export OC="$(OC)"; else unset OC; fi; $(BATS) tests/bats/e2e; \
	else npm run --silent prove -- bats $(ARGS); fi

whoami: ## who you are on OpenShift
	@$(OC) whoami

project: whoami ## go to the project OC_PROJECT of OpenShift
	@$(OC) project "$(OC_PROJECT)"

# What else cas-postgres had, and where it went.
MOVED := configure install install_dev install_test install_prod mock_storageclass provision token scan old_tags test_e2e_setup
.PHONY: $(MOVED)

configure provision token: MOVED_TO = projects, roles and tokens are made by whoever runs the platform; the image is built with "make image"
install install_dev install_test install_prod: MOVED_TO = build the image with "make image", push it, and install it with the tool of your platform (deploy/docker/README.md)
mock_storageclass: MOVED_TO = no test needs a storage class; the tests that need volumes make them
scan: MOVED_TO = "make ok" checks the sources, and the image lists what is in it (/usr/share/walkback/sbom.cdx.json) for any scanner
old_tags: MOVED_TO = ask the registry for its tags; images carry a version each
test_e2e_setup: MOVED_TO = "make test_e2e" starts what it needs

$(MOVED):
	@printf '%s\n' 'make $@ is not here: $(MOVED_TO)' >&2; exit 64
