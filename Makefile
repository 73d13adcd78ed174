# make app | gradio | test | bench | lint: each sets up .venv first when it is missing or older than the requirements.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: app gradio test bench lint setup clean

app: $(READY)
	$(BIN)/streamlit run app/Home.py --server.address 127.0.0.1 --server.port 8501

gradio: $(READY)
	$(BIN)/python app/gradio_app.py

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: $(READY)
	$(BIN)/python -m benchmarks.inference
	$(BIN)/python -m benchmarks.training

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(READY)

$(READY): requirements.txt pyproject.toml
	@$(or $(PYTHON),false) -c '$(FITS)' || { echo "FCN Lab needs Python 3.11 to 3.13 and found none; name one with: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Setting up .venv: once, a few minutes and about 7 GB of disk, most of it for PyTorch."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python .ci/install.py -r requirements.txt
	@$(BIN)/python -m pip install --disable-pip-version-check -q --no-index --no-deps --no-build-isolation --editable .
	@touch $(READY)

clean:
	rm -rf .venv
