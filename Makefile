PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin

.PHONY: demo test install clean

demo: $(READY)  ## Train three GANs on real digits and compare them (under 4 minutes on two cores).
	$(BIN)/xaigrad demo

test: $(READY)  ## Lint, type-check and run the whole suite.
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

install: $(READY)  ## Make the environment.

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[all,dev]"
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
