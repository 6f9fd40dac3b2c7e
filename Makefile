# Guichet: each target prepares what it needs by itself; a second call starts at once.
#   make demo [PORT=8501]    make test    make lint    make bench    make help
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8501
HOME_DIR ?= ./var/demo
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench clean

help: ## Cette liste
	@echo "Guichet : cibles de make"
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18
	@echo "Réglages : PORT (port de la console), HOME_DIR (dossier de la démonstration), PYTHON."

demo: $(VENV)/.runtime ## Une agence de démonstration complète, dans le navigateur
	@exec $(BIN)/guichet demo --home "$(HOME_DIR)" --port "$(PORT)"

test: $(VENV)/.dev ## Les tests (dit quels outils facultatifs manquent)
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev ## Style et types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: $(VENV)/.dev ## Les mesures de vitesse (SIZES="100000 1000000")
	@$(BIN)/python -m bench.run $(SIZES)

clean: ## Retire l'environnement Python de ce dossier
	@rm -rf $(VENV)

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 ou plus récent est nécessaire (ici : $$($(PYTHON) --version 2>&1)). Indiquez-le : make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Le module venv de Python manque. Sous Debian et Ubuntu : apt-get install python3-venv" >&2; exit 1; }
	@echo "Préparation de l'environnement Python ($(VENV))…"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# --no-deps: the lock is complete, and leaves out a package that dbt names but does not need (docs/decisions).
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.python
	@echo "Installation des bibliothèques (une fois)…"
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.runtime
	@echo "Installation des outils de test (une fois)…"
	@$(PIP) install --no-deps --require-hashes -r requirements/dev.lock
	@touch $@
