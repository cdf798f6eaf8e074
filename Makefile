# Every target makes what it needs. `make` alone says what there is.
PYTHON ?= python3
TORCH ?=
PORT ?= 8000
WORKERS ?= logical
RUN := .venv/bin/python
SHELL := /bin/bash
export PYTHONDONTWRITEBYTECODE := 1
export PYTHONUTF8 := 1
# The book's models are small: more threads gain little, and on a busy machine they lose minutes.
export OMP_NUM_THREADS ?= 1

# A worker a processor; above eight the kernels' memory would be the limit.
PYTEST := $(RUN) -m pytest -q -n $(WORKERS) --maxprocesses 8
# A cell has a minute; the limit is for one that never ends, also on a machine that does five things at once.
NBVAL := $(PYTEST) --dist loadfile --no-loadscope-reorder --nbval-lax --nbval-cell-timeout 900
# A command; in `make test` also how long it took, at once and together with the others at the end.
timed = $(1)
ifdef IN_ORDER
timed = mkdir -p _build/times; TIMEFORMAT='$@: %0lR (of processors %0lU)'; \
	{ time { $(1); } 2>&3; } 3>&2 2> _build/times/$@; code=$$?; cat _build/times/$@; exit $$code
endif

.PHONY: help env env-colab notebooks book serve check test test-all test-package test-notebooks test-environments \
	test-newest test-site bench experiments clean

help:
	@echo "make book               both sites: _build/html/index.html"
	@echo "make serve              open them on localhost (PORT=8000)"
	@echo "make test               everything that must hold (about 25 minutes the first time, on two processors)"
	@echo "make check              the quick part of it, no notebook run: style, words, parity, freshness"
	@echo "make notebooks          manuscripts -> notebooks/ro, notebooks/en"
	@echo "make test-environments  the notebooks with the versions that Colab ships"
	@echo "make test-newest        the notebooks with the newest versions that the package allows"
	@echo "make bench              how fast and how large each form of attention is (about 20 minutes)"
	@echo "make experiments        run what is not stored yet, on all processors (hours; it may be stopped and started again)"
	@echo "make clean              remove what was built (the environment stays)"
	@echo "On Linux without an NVIDIA card PyTorch comes without CUDA; TORCH=cuda or TORCH=cpu overrule."

env:
	@command -v $(PYTHON) >/dev/null || { echo "env: there is no '$(PYTHON)' here. Install Python 3.11 or newer, or name yours: make PYTHON=python3.12 ..."; exit 1; }
	@$(call timed,$(PYTHON) book/tools/env.py --torch "$(TORCH)")

env-colab:
	@$(call timed,$(PYTHON) tests/environments/run.py --torch "$(TORCH)" colab)

notebooks: env
	@$(RUN) book/tools/press.py
	@$(RUN) book/tools/picture.py

book: notebooks
	@$(call timed,$(RUN) book/tools/publish.py)

serve: env
	@$(RUN) book/tools/serve.py --port $(PORT)

check: env
	@$(call timed,$(RUN) -m ruff check . && $(RUN) book/tools/press.py --check && $(RUN) book/tools/proof.py \
		&& $(RUN) -m pytest -q tests/test_editions.py)

# Two jobs side by side: what leaves a processor idle (pip, the press, the two sites) runs beside what does not.
test:
	@rm -rf _build/times
	@$(MAKE) --no-print-directory -j2 IN_ORDER=1 test-all \
		&& echo "test: everything holds ($$((SECONDS / 60)) minutes)" && cat $$(ls -tr _build/times/*)

test-all: check test-package test-notebooks test-environments test-site

# A fault that is quick to find is found first, and stale notebooks before they are pressed anew; models are trained
# once, by the notebooks, before the sites need them.
ifdef IN_ORDER
notebooks test-package: check
test-notebooks: test-package
test-environments book: test-notebooks
test-site: test-environments
endif

# What `make check` has run is not run again.
test-package: env
	@echo "test: package and tools"
	@$(call timed,$(PYTEST) --dist worksteal tests --ignore tests/site --ignore tests/test_editions.py)

# Romanian before English: the second language finds the models that the first one has trained. The kernels of solved
# editions move every slider through all its values.
test-notebooks: notebooks
	@echo "test: learner and solved editions, both languages"
	@$(call timed,PYTHONSTARTUP=$(CURDIR)/tests/every_slider.py $(NBVAL) notebooks/ro _build/solved/ro notebooks/en _build/solved/en)

test-environments: notebooks env-colab
	@echo "test: the learner editions as on Colab"
	@$(call timed,$(RUN) tests/environments/run.py --torch "$(TORCH)" colab $(NBVAL))

test-newest: notebooks
	@echo "test: the learner editions with the newest versions"
	@$(call timed,$(RUN) tests/environments/run.py --torch "$(TORCH)" newest $(NBVAL))

test-site: book
	@echo "test: the two sites, in a browser"
	@$(call timed,browser=$$($(RUN) book/tools/browser.py) && BROWSER_PATH="$$browser" $(PYTEST) --dist worksteal tests/site)

experiments: env
	@$(RUN) -m diffattn_mini.lab.experiments run all

bench: env
	@$(RUN) -m diffattn_mini.lab.bench

clean:
	@rm -rf _build
	@echo "clean: _build is gone; 'rm -rf .venv' removes the environment too"
