# make app | gradio | test | bench | lint: each sets up .venv first when it is missing or older than the requirements.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: app gradio test bench lint setup clean

app: $(READY)
	$(BIN)/streamlit run app/Home.py --server.address 127.0.0.1 --server.port 8501

gradio: $(READY)
	$(BIN)/python app/gradio_app.py

test: $(READY)
	$(BIN)/python -m pytest

bench: $(READY)
	$(BIN)/python -m benchmarks.inference

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(READY)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else f"FCN Lab needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}; name another with: make PYTHON=/path/to/python")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps --editable .
	@touch $(READY)

clean:
	rm -rf .venv
