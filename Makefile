# Each target is an npm script of the same name; package.json and scripts/run.mjs say what they do.
# ARGS are passed on: make prove ARGS="targets --seed 1 --count 5"

ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo ok test test-unit test-system test-extra test-all prove bench format reference build clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

clean: ## remove what was installed and built
	rm -rf node_modules .tools dist
