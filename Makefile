# Redress: every verb sets up what it needs on a machine with Python 3.11 or later; a second call is fast.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
PY := .venv/bin/python
TRANSPORT ?=
DATA ?=
SERVICES := intake capa notifier
# Else every process that a verb starts compiles all of Redress and of its libraries anew.
unexport PYTHONDONTWRITEBYTECODE
SOURCES := libs services deploy/local deploy/grafana tests benchmarks scripts

.PHONY: help setup run demo test soak check fmt lock migrate migration kafka bench reset down

help: ## Print this help
	@echo "Redress: complaints and corrective action. Verbs:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make or refresh .venv from requirements.lock
	@PYTHON=$(PYTHON) scripts/setup.sh

run: setup ## Run the whole system on this machine (TRANSPORT=kafka: after make kafka)
	@$(PY) -m local up $(if $(TRANSPORT),--transport $(TRANSPORT))

demo: setup ## With the system up: load complaints and watch the loop close (DATA=file for real ones)
	@$(PY) -m local demo $(if $(DATA),--data $(DATA))

test: setup ## Units, contract suites and journeys, under 10 minutes; Kafka ones where Java and Maven are
	@scripts/test.sh not_soak

soak: setup ## The long suites: whole data file, kill schedules, three brokers
	@scripts/test.sh soak

check: setup ## Formatting, lint, types, import contracts, generated documents
	@.venv/bin/ruff format --check --quiet $(SOURCES) || { echo "Not formatted; make fmt does it." >&2; exit 1; }
	@.venv/bin/ruff check --quiet $(SOURCES)
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache
	@$(PY) scripts/check_sources.py
	@scripts/generated.sh check

fmt: setup ## Format the sources and mend what the linter can
	@.venv/bin/ruff format --quiet $(SOURCES)
	@.venv/bin/ruff check --quiet --fix $(SOURCES)
	@scripts/generated.sh write

lock: setup ## Resolve the dependencies anew into requirements.lock and one per service
	@scripts/lock.sh

migrate: setup ## Bring every database named in the environment to head
	@for service in $(SERVICES); do $(PY) -m $$service migrate || exit 1; done

migration: setup ## New revision: make migration SERVICE=capa NAME="add cases"
	@test -n "$(SERVICE)" -a -n "$(NAME)" || { echo 'Say which: make migration SERVICE=capa NAME="add cases"' >&2; exit 2; }
	@$(PY) scripts/migration.py $(SERVICE) "$(NAME)"

kafka: setup ## Start a real Apache Kafka on this machine (Java 17 and Maven; make kafka STOP=1 stops it)
	@$(if $(STOP),$(PY) -m local.kafka stop,$(PY) -m local.kafka start && $(PY) -m local.kafka topics)

bench: setup ## Measure, side by side with the bare thing, and print the table
	@$(PY) -m benchmarks

reset: setup ## Throw this machine's data away, after asking
	@$(PY) -m local reset

down: setup ## Stop what make run started
	@$(PY) -m local down
