# Every target makes what it needs. `make` alone says what there is.
PYTHON ?= python3
TORCH ?=
PORT ?= 8000
RUN := .venv/bin/python
SHELL := /bin/bash
export PYTHONDONTWRITEBYTECODE := 1
export PYTHONUTF8 := 1
# The book's models are small: more threads gain little, and on a busy machine they lose minutes.
export OMP_NUM_THREADS ?= 1

.PHONY: help env notebooks book serve check test test-package test-notebooks test-environments test-site bench experiments clean

help:
	@echo "make book               both sites: _build/html/index.html"
	@echo "make serve              open them on localhost (PORT=8000)"
	@echo "make test               everything that must hold (about half an hour the first time)"
	@echo "make check              the quick part of it, no notebook run: style, words, parity, freshness"
	@echo "make notebooks          manuscripts -> notebooks/ro, notebooks/en"
	@echo "make test-environments  the notebooks with the versions that Colab ships"
	@echo "make bench              how fast and how large each form of attention is (about 20 minutes)"
	@echo "make experiments        run what is not stored yet, on all processors (hours; it may be stopped and started again)"
	@echo "make clean              remove what was built (the environment stays)"
	@echo "On Linux without a GPU add TORCH=cpu: it spares gigabytes of CUDA."

env:
	@command -v $(PYTHON) >/dev/null || { echo "env: there is no '$(PYTHON)' here. Install Python 3.11 or newer, or name yours: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) book/tools/env.py --torch "$(TORCH)"

notebooks: env
	@$(RUN) book/tools/press.py
	@$(RUN) book/tools/picture.py

book: notebooks
	@$(RUN) book/tools/publish.py

serve: env
	@$(RUN) book/tools/serve.py --port $(PORT)

check: env
	@$(RUN) -m ruff check .
	@$(RUN) book/tools/press.py --check
	@$(RUN) book/tools/proof.py
	@$(RUN) -m pytest -q tests/test_editions.py

test: check test-package test-notebooks test-environments test-site

test-package: env
	@echo "test: package and tools"
	@$(RUN) -m pytest -q tests --ignore tests/site

test-notebooks: notebooks
	@echo "test: learner and solved editions, both languages"
	@$(RUN) -m pytest -q --nbval-lax --nbval-cell-timeout 120 notebooks/ro notebooks/en _build/solved/ro _build/solved/en

test-environments: notebooks
	@echo "test: the learner editions as on Colab"
	@$(RUN) tests/environments/run.py --torch "$(TORCH)"

test-site: book
	@echo "test: the two sites, in a browser"
	@$(RUN) -m pytest -q tests/site

experiments: env
	@$(RUN) -m diffattn_mini.lab.experiments run all

bench: env
	@$(RUN) -m diffattn_mini.lab.bench

clean:
	@rm -rf _build
	@echo "clean: _build is gone; 'rm -rf .venv' removes the environment too"
