# Every target works by itself: it makes .venv first, and does only what has changed.
PYTHON ?= python3
PROFILE ?= cpu
EDITION ?= reader
PAPER ?= a4
QUESTION ?= bptt forward gates
SEEDS ?= 30
FIRST ?= 0
ONLY ?=
export UNROLLED_PROFILE := $(PROFILE)
export UNROLLED_EDITION := $(EDITION)

bin := .venv/bin
installed := .venv/.installed
# Each profile has its own output: _build, _build/smoke/_build, _build/gpu/_build; and in it each
# edition but the reader's: _build/student/_build. They share what the chapters printed.
base := $(if $(filter cpu,$(PROFILE)),.,_build/$(PROFILE))
out := $(if $(filter reader,$(EDITION)),$(base),$(base)/_build/$(EDITION))
site := $(out)/_build/html
notebooks := $(base)/_build/notebooks
exported := $(base)/_build/exported
lite := $(base)/_build/lite
# What was made with one folder of hidden checks, or none, is not what another asks for.
private := $(if $(UNROLLED_PRIVATE),$(wildcard $(UNROLLED_PRIVATE)/*.py))
made := made$(subst /,-,$(UNROLLED_PRIVATE))
built := $(out)/_build/.$(made)
sphinx = $(bin)/jupyter-book build . -W -n --keep-going --quiet
# Chapters and claims share one store of runs.
measure := UNROLLED_RUNS=$(CURDIR)/_build/runs $(bin)/unrolled evidence
pages := $(shell find chapters code/bindery -type f -not -name '*.pyc') _config.yml _toc.yml references.bib

.PHONY: book evidence notebooks notebooks-check nbgrader lite lite-check handouts variants test check bench serve clean

# execution.json is written anew only when a chapter ran, or profile, data, device or commit changed.
book: $(installed)
	$(bin)/python -m bindery.execute
	$(measure) --again --out $(base)/_build/claims.json
	@$(MAKE) --no-print-directory $(built)
	@echo "The book: file://$(abspath $(site))/index.html"

# PDFs, both editions; ONLY="parity a2" names some, PAPER=letter another paper.
handouts: $(installed)
	$(bin)/python -m bindery.execute
	UNROLLED_PAPER=$(PAPER) $(bin)/python -m bindery.handouts --only "$(ONLY)"

# Hours, on all cores; stop it whenever you like, and go on later. The manifest is committed by hand.
evidence: $(installed)
	$(measure) --write

# From nothing, always: a page that Sphinx does not read again hides its warnings.
$(built): $(pages) $(private) $(base)/_build/execution.json $(wildcard $(base)/_build/claims.json $(lite)/offers.json)
	rm -rf $(site) $(out)/_build/.doctrees
	$(sphinx) --path-output $(out)
	@touch $@

# Student's notebooks and nbgrader's masters, then those with the solutions.
notebooks: $(installed)
	$(bin)/python -m bindery.execute
	@$(MAKE) --no-print-directory $(notebooks)/.$(made)
	@echo "The notebooks: $(abspath $(notebooks))"

$(notebooks)/.$(made): $(pages) $(private) $(base)/_build/execution.json
	rm -rf $(notebooks) $(exported)
	@$(MAKE) --no-print-directory -j 2 $(exported)/student $(exported)/instructor
	mkdir $(notebooks)
	mv $(exported)/*/_build/notebooks/[!_]* $(notebooks)
	@touch $@

$(exported)/%:
	UNROLLED_EDITION=$* $(sphinx) --path-output $@ --builder custom --custom-builder notebooks

# They run untouched, and with the solutions pass their checks; in the profile smoke. With
# SOLUTIONS='a?.ipynb' only the assignments' solutions run.
notebooks-check: notebooks
	UNROLLED_SOLUTIONS='$(SOLUTIONS)' $(bin)/python -m pytest -n 2 -m notebooks tests/test_notebooks.py

# The masters go through nbgrader, in an environment of its own: make nbgrader GRADED=a4
nbgrader: notebooks .venv-nbgrader/.installed
	UNROLLED_GRADED="$(GRADED)" $(bin)/python -m pytest -m nbgrader tests/test_nbgrader.py

.venv-nbgrader/.installed: constraints-nbgrader.txt
	$(PYTHON) -m venv .venv-nbgrader
	.venv-nbgrader/bin/python -m pip install --quiet -c constraints-nbgrader.txt nbgrader
	@touch $@

# Notebooks that run in the reader's browser, in JupyterLite; the next `make book` takes them in.
lite: notebooks .venv-lite/.installed
	@$(MAKE) --no-print-directory $(lite)/offers.json

$(lite)/offers.json: $(notebooks)/.$(made) $(shell find code/unrolled -name '*.py') constraints-lite.txt
	$(bin)/python -m bindery.lite_site $(notebooks)/student $(lite)

# In Chromium, with the network cut.
lite-check: lite
	$(bin)/python -m pytest -m lite tests/test_lite.py

.venv-lite/.installed: constraints-lite.txt
	$(PYTHON) -m venv .venv-lite
	.venv-lite/bin/python -m pip install --quiet -c constraints-lite.txt jupyterlite-core jupyterlite-pyodide-kernel jupyter-server setuptools wheel
	@touch $@

test: $(installed)
	OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(bin)/python -m pytest -n 2

check: $(installed)
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/python -m bindery.checks $(site)

# A page a student and a key for each question: seeds FIRST, FIRST + 1, …
variants: $(installed)
	$(bin)/python -m bindery.variants_pdf $(QUESTION) --seeds $(SEEDS) --first $(FIRST) --paper $(PAPER)

bench: $(installed)
	$(bin)/python -m benchmarks

serve: $(installed)
	$(bin)/python -m http.server --bind 127.0.0.1 --directory $(site)

clean:
	rm -rf _build

# torch first: on its own it is fetched once, whichever build of it the machine is set to use.
$(installed): constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: on Debian or Ubuntu, 'apt install python3 python3-venv'." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Python 3.11, 3.12 or 3.13 is needed; name one with 'make PYTHON=python3.12'." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: on Debian or Ubuntu, 'apt install python3-venv'." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(bin)/python -m pip install --quiet -c constraints.txt torch
	$(bin)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	@touch $@
