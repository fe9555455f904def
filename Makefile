# make lab    open the lectures in JupyterLab        make test       run every test
# make lint   format and style                       make notebooks  rebuild the .ipynb from the .py
# make bench  what a step costs, beside torch.optim  make table      how far each rule is from its reference
# make bench-explorer  how fast a slider moves its picture, beside interact
# make bench-training  how fast an epoch of MNIST is, beside the sources' own way; two workers beside one
# make reproduction    the experiments of the sources, run again on all of MNIST (COURSE_DATA, or a download)
# make benchmark       the comparison of fourteen optimizers, likewise; both go on where they were
# make vanishing       the deep network of lecture 8 that does not learn, and its cures, on all of Fashion-MNIST
# make cifar10         twelve optimizers on a part of CIFAR-10, two minutes; SCALE=medium: two hours; SCALE=full: on a GPU
# make student         the students' edition of the exercises, from their sources, and as build/exercises.zip
# make site            the lectures as pages, live without a kernel, in build/site; slides included
# make slides          the lectures as slides (reveal.js), in build/site/slides
# make plan            how long each lecture takes, in the index, from its slides
# make address         the repository's address, everywhere as in pyproject.toml; REPOSITORY=https://github.com/me/my-course: a fork's
# make colab           every notebook executed as on Google Colab, in a virtual environment with its versions
# make bench-start     how long it is from git clone to the first slider moved, and where the time goes
# make bench-cifar10   how fast an epoch of CIFAR-10 is, beside the source's own way
# make offline         the course in one file for a room without network: wheels, and data sets: DATA="mnist fashion-mnist".
#   For other machines: PLATFORMS="windows macos linux" PYTHONS="3.12 3.13"
# The first call creates .venv and installs; later calls install nothing unless pyproject.toml has changed.

PYTHON ?= python3
BIN := .venv/bin
# A browser opens where there is a display; JupyterLab prints its address in any case.
DISPLAYED := $(or $(DISPLAY),$(WAYLAND_DISPLAY),$(filter Darwin,$(shell uname)))

# In what make offline has packed, wheels/ and data/ lie beside this file: no network is asked.
WHEELS := $(if $(wildcard wheels),--no-index --find-links wheels)
ifneq ($(wildcard data),)
COURSE_DATA ?= $(CURDIR)/data
export COURSE_DATA
endif

define CHECK_PYTHON
"$(PYTHON)" -c "" 2>/dev/null || { echo "This course needs Python 3.11 or newer, and there is no '$(PYTHON)' here: install it, or name yours: make PYTHON=/path/to/python3" >&2; exit 1; }
"$(PYTHON)" -c "import sys; sys.version_info >= (3, 11) or sys.exit('This course needs Python 3.11 or newer, and $(PYTHON) is %d.%d: install a newer one, or name it: make PYTHON=/path/to/python3.12' % sys.version_info[:2])"
endef

.NOTPARALLEL: # two installations into one .venv at once would break it
.PHONY: lab test lint notebooks pictures bench bench-explorer bench-training bench-cifar10 bench-start reproduction benchmark vanishing cifar10 student site slides plan table address offline colab clean

lab: .venv/lecturer.installed
	cd notebooks && ../$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/index.ipynb \
	  --ServerApp.kernel_websocket_connection_class=course_utils.serving.PromptConnection \
	  $(if $(DISPLAYED),,--no-browser) $(if $(filter 0,$(shell id -u)),--allow-root)

test: .venv/test.installed lint
	$(BIN)/pytest

lint: .venv/test.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# The .py of a pair is the source; this makes its .ipynb anew, executed. One lecture: make notebooks LECTURES=notebooks/01*.py
LECTURES ?= $(wildcard notebooks/*.py notebooks/exercises/*.py)
notebooks: .venv/lecturer.installed
	$(BIN)/python -m course_utils.build $(LECTURES)

# Without solutions, hidden tests and outputs, by nbgrader's marks.
student: .venv/grading.installed
	$(BIN)/python -m course_utils.exercises.student

# Options with an empty list name what there is here: the data sets that come along, this platform, this Python.
offline: .venv/offline.installed
	$(BIN)/python -m course_utils.offline --data $(DATA) --platforms $(PLATFORMS) --pythons $(PYTHONS)

# Static: they open from a folder, without network. Nothing is executed: they show what the .ipynb hold.
site: slides
	$(BIN)/python -m course_utils.publishing.pages

slides: .venv/pages.installed
	$(BIN)/python -m course_utils.publishing.slides

# How long each lecture takes, in the index, from its slides.
plan: .venv/pages.installed .venv/lecturer.installed
	$(BIN)/python -m course_utils.publishing.plan
	$(BIN)/python -m course_utils.build notebooks/index.py

# The animated picture in the README, taken in a real browser.
pictures: .venv/test.installed
	$(BIN)/pytest tests/test_browser.py --pictures notebooks/pictures

# Ours beside torch.optim: times, by turns.
bench: .venv/test.installed
	$(BIN)/pytest tests/bench.py -n 0 -p no:nbval -o addopts= -q --benchmark-enable --benchmark-columns=median,iqr,rounds

# Explorers beside interact, in a real browser, by turns: how fast, how smooth, how large.
bench-explorer: .venv/test.installed
	$(BIN)/pytest tests/bench_explorer.py -n 0 -p no:nbval -o addopts= -q

# From git clone to the first slider moved, step by step, in a folder that is thrown away. It installs all anew.
bench-start: .venv/test.installed
	$(BIN)/python tests/bench_start.py

# The training loop beside the sources' own, and two workers beside one, by turns.
bench-training: .venv/test.installed
	$(BIN)/python tests/bench_training.py

# Our way on CIFAR-10 beside source E's own, by turns, on the GPU if there is one. PART=0.05 is a twentieth of the pictures.
PART ?= 1
bench-cifar10: .venv/test.installed
	$(BIN)/python tests/bench_cifar10.py $(PART)

# What lectures 10 and 11 show, made anew: course_utils/results/*.csv. Each run is kept in build/ as soon as it is done.
reproduction: .venv/lecturer.installed
	$(BIN)/python -m course_utils.reproduction

benchmark: .venv/lecturer.installed
	$(BIN)/python -m course_utils.benchmark

# Likewise what lecture 8 shows: the deep network that does not learn, and each cure, on all of Fashion-MNIST.
vanishing: .venv/lecturer.installed
	$(BIN)/python -m course_utils.vanishing

SCALE ?= small
cifar10: .venv/lecturer.installed
	$(BIN)/python -m course_utils.cifar10 $(SCALE)

# The table of deviations in the README.
table: .venv/test.installed
	$(BIN)/python tests/reference.py README.md

# It needs no more than Python: a fork is renamed before anything is installed.
address:
	@$(CHECK_PYTHON)
	@"$(PYTHON)" -m course_utils.address $(if $(REPOSITORY),'$(REPOSITORY)')

# One notebook, say: make colab NOTEBOOKS=notebooks/01*.ipynb
NOTEBOOKS ?= $(wildcard notebooks/*.ipynb notebooks/exercises/student/*.ipynb notebooks/exercises/*.ipynb)
colab: .venv/test.installed
	$(BIN)/python tests/colab.py $(NOTEBOOKS)

clean:
	rm -rf .venv build *.egg-info

# pip is asked for, not python: an interrupted venv has the one without the other. To test is to lecture, and more.
# Python compiles what is imported, when it is: a third of the installation's time would go into what never is.
.venv/%.installed: pyproject.toml
	@$(CHECK_PYTHON)
	$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --no-compile --disable-pip-version-check $(WHEELS) -e ".[$*]"
	@touch $@ $(if $(filter test,$*),.venv/lecturer.installed)
