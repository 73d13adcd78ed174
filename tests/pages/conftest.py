"""What tests of pages share: tiny weights for all, a folder of runs for each, visits that start at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from app_bench import make_home
from segmenters import tiny_model, tiny_weights
from torch import nn
from visits import forget

from app.bench import kept as bench_kept
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import LoadedModel


@pytest.fixture(scope="session", autouse=True)
def no_search_for_components() -> Iterator[None]:
    """AppTest looks through all installed packages for components at each visit: a quarter of a second for nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", lambda: [])
        yield


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FCN_LAB_HOME with the weights `tiny`, the same for all tests so that what is kept of them serves all."""
    return make_home(tmp_path_factory.mktemp("shared") / "home")


@pytest.fixture(autouse=True)
def folders(shared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shared weights, and a folder of runs of the test's own."""
    monkeypatch.setenv("FCN_LAB_HOME", str(shared_home))
    monkeypatch.setenv("FCN_LAB_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def forgotten() -> Iterator[None]:
    """For a test that changes what answers depend on: nothing is kept of tests before it, nor anything of it."""
    forget()
    yield
    forget()


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: None) -> Path:
    """A FCN_LAB_HOME with the weights `tiny` for one test, which may add to it."""
    home = make_home(tmp_path / "home")
    monkeypatch.setenv("FCN_LAB_HOME", str(home))
    return home


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, forgotten: None) -> Callable[..., None]:
    """use(model, **settings): from now on all weights answer with this model, in a Segmenter of these settings."""

    def answer_with(model: nn.Module, **settings: Any) -> None:
        forget()
        loaded = tiny_weights(tiny_model())
        ready = Segmenter(LoadedModel(loaded.record, model, loaded.labels, tuple(model.heads)), **settings)
        monkeypatch.setattr(bench_kept, "segmenter", lambda record: ready)

    return answer_with


@pytest.fixture
def no_truth(monkeypatch: pytest.MonkeyPatch, forgotten: None) -> None:
    """No sample has ground truth."""
    monkeypatch.setattr(bench_kept, "sample_truth", lambda name: None)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch, forgotten: None) -> list[tuple[int, ...]]:
    """The heads of every network pass of the test, in order; none was kept before."""
    seen: list[tuple[int, ...]] = []
    forward = Segmenter._forward

    def counted(self: Segmenter, planes: Any, heads: Any, **settings: Any) -> Any:
        seen.append(tuple(heads))
        return forward(self, planes, heads, **settings)

    monkeypatch.setattr(Segmenter, "_forward", counted)
    return seen


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: None) -> None:
    """There are no weights on this machine, not even the bundled ones."""
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path / "empty"))
    monkeypatch.setattr("fcn_core.weights.catalogue.bundled_folder", lambda: tmp_path)


@pytest.fixture
def no_samples(monkeypatch: pytest.MonkeyPatch, forgotten: None) -> None:
    """There are no samples."""
    monkeypatch.setattr("app.bench.sample_files.list_samples", lambda: {})
