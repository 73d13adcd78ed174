"""Every cached function of every room: another input gives another answer, the same ones the answer that is kept.

The functions are found, not listed: a new one without a case fails here.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
import torch
from app_bench import TINY, make_home
from kept_values import Values, upload
from segmenters import tiny_weights
from streamlit.runtime.caching.cache_utils import CachedFunc

from app.bench import kept as bench_kept
from app.bench.identity import IDENTITY
from app.data import kept as data_kept
from app.labs.convolutionalize import kept as convolutionalize_kept
from app.labs.heatmaps import kept as heatmaps_kept
from app.runs import charts
from app.segment import kept as segment_kept
from fcn_core.analysis.measuring.disturb import Disturbance
from fcn_core.labels import CAMVID
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights import save_checkpoint, weights_key

APP = Path(__file__).parents[1] / "app"
PLAIN = (str, int, float, bool, NoneType)
UNHASHED: dict[str, str] = {}  # cached function -> why an argument of it may stay out of the key


def found() -> dict[str, CachedFunc]:
    """Room and name -> cached function, of every kept.py."""
    functions = {}
    for path in sorted(APP.rglob("kept.py")):
        name = ".".join(path.relative_to(APP.parent).with_suffix("").parts)
        for key, value in vars(importlib.import_module(name)).items():
            if isinstance(value, CachedFunc) and value.__wrapped__.__module__ == name:
                functions[f"{path.parent.name}.{key}"] = value
    return functions


FOUND = found()
TAKING = {name: function for name, function in FOUND.items() if inspect.signature(function.__wrapped__).parameters}


@dataclasses.dataclass(frozen=True)
class Case:
    """usual: a call's arguments by name. others: for each of them one or more values that change the answer."""

    usual: dict[str, Any]
    others: dict[str, Any]


def pairs(**both: tuple[Any, Any]) -> Case:
    """Each argument with its usual and its other value."""
    return Case({name: pair[0] for name, pair in both.items()}, {name: pair[1] for name, pair in both.items()})


def dense(v: Values) -> Case:
    return pairs(pair=v.classifiers, step=(4, 2), shape=((1, 3, 65, 65), (1, 3, 97, 97)))


CASES: dict[str, Callable[[Values], Case]] = {
    "bench._segmenter": lambda v: pairs(
        record=(v.local_record, dataclasses.replace(v.local_record, title="another")),
        key=(weights_key(v.local_record), "of another state of the file"),
    ),
    "bench.shares": lambda v: pairs(result=v.results, head=(8, 32)),
    "bench.photo": lambda v: pairs(picture=v.pictures),
    "bench.thumbnail": lambda v: pairs(picture=v.pictures, side=(64, 32)),
    "bench.uploaded_picture": lambda v: pairs(upload=v.uploads),
    "bench.sample_picture": lambda v: pairs(name=("streets-1", "streets-2")),
    "bench.sample_truth": lambda v: pairs(name=("streets-1", "streets-2")),
    "bench.truth": lambda v: pairs(upload=v.uploads, labels=(CAMVID, recoloured()), size=((96, 128), None)),
    "segment.overlay": lambda v: pairs(
        result=v.results, head=(8, 32), opacity=(60, 30), hidden=((), tuple(range(6))), contours=(False, True),
        safe=(False, True),
    ),
    "segment.judged": lambda v: pairs(result=v.results, record=v.records),
    "segment.heatmap": lambda v: pairs(result=v.results, head=(8, 32), index=(3, 4)),
    "segment.heat_difference": lambda v: pairs(result=v.results, coarse=(32, 16), fine=(8, 16), index=(3, 4)),
    "segment.certainty_picture": lambda v: pairs(result=v.results, kind=("confidence", "entropy"), head=(8, 32)),
    "segment.passing_picture": lambda v: pairs(
        result=v.results, kind=("confidence", "entropy"), head=(8, 32), threshold=(0.5, 0.7)
    ),
    "segment.difference": lambda v: pairs(result=v.results, coarse=(32, 16), fine=(8, 16), safe=(False, True)),
    "segment.truth_picture": lambda v: pairs(truth=v.truths, labels=(CAMVID, recoloured()), safe=(False, True)),
    "segment.confusion": lambda v: pairs(result=v.results, truth=v.truths, head=(8, 32)),
    "segment.errors": lambda v: pairs(result=v.results, truth=v.truths, head=(8, 32)),
    "shared.fields": lambda v: pairs(segmenter=v.segmenters, size=((96, 128), (64, 64))),
    "shared.distances": lambda v: pairs(truth=v.truths),
    "shared.fusion": lambda v: pairs(result=v.results, segmenter=v.segmenters),
    "shared.who_decided": lambda v: pairs(result=v.results, segmenter=v.segmenters, head=(8, 16)),
    "fusion.plane_picture": lambda v: pairs(
        result=v.results, segmenter=v.segmenters, name=("8s", "score_fr"), index=(3, 4)
    ),
    "fusion.decided_picture": lambda v: pairs(result=v.results, segmenter=v.segmenters, head=(8, 16)),
    "fusion.verdict_picture": lambda v: pairs(
        result=v.results, segmenter=v.segmenters, head=(8, 16), stream=("pool4", "pool3"), truth=(v.truths[0], None)
    ),
    "fusion.summed_picture": lambda v: pairs(
        result=v.results, segmenter=v.segmenters, head=(8, 16), summed=(2, 1), changed=(False, True), safe=(False, True)
    ),
    "fusion.trimap": lambda v: pairs(result=v.results, truth=v.truths),
    "fusion.distance_check": lambda v: pairs(truth=v.truths),
    "alignment.other_alignment": lambda v: pairs(segmenter=v.segmenters),
    "heatmaps.layers": lambda v: pairs(segmenter=v.segmenters),
    "heatmaps.upsampling_check": lambda v: pairs(
        result=v.results, segmenter=v.segmenters, head=(8, 32), index=(3, 4)
    ),
    "heatmaps.classifier": lambda v: pairs(name=("alexnet", "vgg16")),
    "convolutionalize.own_windows": lambda v: pairs(segmenter=v.segmenters),
    "convolutionalize.imagenet_pair": lambda v: pairs(name=("alexnet", "vgg16")),
    "convolutionalize.patch_pair": lambda v: pairs(side=(15, 33)),
    "convolutionalize.pass_counts": lambda v: pairs(
        pair=v.classifiers[::-1], form=("whole", "full"), size=((33, 33), (65, 65))
    ),
    "convolutionalize.dense_counts": dense,
    "convolutionalize.grid_costs": lambda v: pairs(pair=v.classifiers),
    "convolutionalize.sampled_patches": lambda v: pairs(picture=v.gradients, keep=(0.5, 0.25)),
    "convolutionalize.sampled_pictures": lambda v: pairs(
        pictures=(v.gradients, v.gradients[::-1] * 2), keep=(0.5, 0.25)
    ),
    "metrics.disturbed": lambda v: pairs(
        labels=tuple(truth.mask for truth in v.truths), wish=(Disturbance(0, salt=0.5), Disturbance(0, right=3)),
        classes=(11, 10),
    ),
    "metrics.undisturbed_counts": lambda v: pairs(
        truth=tuple(truth.mask for truth in v.truths), labels=tuple(truth.mask for truth in v.truths)[::-1],
        classes=(11, 12), d=(3, 4),
    ),
    "metrics.pull": lambda v: pairs(
        result=v.results, truth=v.truths, head=(8, 32), weights=(np.linspace(1, 9, 11), None),
    ),
    "metrics.symptoms": lambda v: pairs(result=v.results, truth=v.truths, head=(8, 32), segmenter=v.segmenters),
    "metrics.spreads_of": lambda v: pairs(counts=v.counts, absent=("zero", "one")),
    "transposed_convolution.source": lambda v: pairs(
        result=v.results, what=("detail", "photo"), factor=(8, 16), index=(3, 4), head=(32, 16),
        pixel=(None, (127, 95)),
    ),
    "transposed_convolution.enlarged": lambda v: pairs(
        source=v.sources, kernel=v.kernels, edges=("zero", "repeat")
    ),
    "transposed_convolution.source_picture": lambda v: pairs(source=v.sources),
    "transposed_convolution.enlarged_picture": lambda v: pairs(found=v.enlargements),
    "transposed_convolution.gap_picture": lambda v: pairs(
        found=v.enlargements, name=tuple(list(v.enlargements[0].others)[:3:2])
    ),
    "transposed_convolution.photo_there_and_back": lambda v: pairs(picture=v.pictures, factor=(2, 3)),
    "runs.run_log": lambda v: pairs(path=tuple(str(run.path) for run in v.runs)),
    "runs.run_figure": lambda v: pairs(
        draw=(charts.loss_figure, charts.rate_figure), records=v.logs, view=(charts.View(), charts.View(log=False))
    ),
    "runs.runs": lambda v: pairs(root=(str(v.runs[0].path.parent), str(v.folder))),
    "runs._run_labels": lambda v: pairs(
        path=(preview(v, "step-*/*-8s.png"), preview(v, "step-*/*-32s.png")), stamp=(1, 2),
        colours=(CAMVID.palette, CAMVID.colour_blind_safe),
    ),
    "runs._run_photo": lambda v: pairs(path=(preview(v, "photo/*.png"), "nowhere.png"), stamp=(1, 2)),
    "data.data_found": lambda v: pairs(kind=("streets", "folder"), root=(None, str(v.folder))),
    "data.data_set": lambda v: pairs(kind=("streets", "folder"), root=(None, "anywhere"), split=("val", "test")),
    "data.data_sample": lambda v: pairs(opened=v.splits, index=(0, 1)),
    "data.data_thumbnail": lambda v: pairs(opened=v.splits, index=(0, 1), labels=(True, False), safe=(False, True)),
    "data.data_picture": lambda v: pairs(opened=v.splits, index=(0, 1), opacity=(60, 30), safe=(False, True)),
    "data.data_balance": lambda v: pairs(opened=v.splits),
    "train.parameters": lambda v: pairs(settings=settings(), classes=(11, 12), channels=(3, 4)),
}  # fmt: skip


def recoloured():
    return dataclasses.replace(CAMVID, palette=CAMVID.palette[::-1], colour_blind_safe=CAMVID.colour_blind_safe[::-1])


def preview(v: Values, pattern: str) -> str:
    """A file among a run's previews."""
    return str(sorted((v.runs[0].path / "previews").glob(pattern))[-1])


def settings() -> tuple[str, str]:
    config = TrainConfig(steps=10)
    wide = config.model_copy(update={"model": config.model.model_copy(update={"width": 0.5})})
    return config.to_yaml(), wide.to_yaml()


# Arguments that change what is asked for, but not the answer, of these small values.
SAME_ANSWER = {
    "bench._segmenter": {"record", "key"},  # the weights of one file
    "runs._run_labels": {"stamp"},  # the time of a file that did not change
    "runs._run_photo": {"stamp"},
    "data.data_found": {"root"},  # streets need no folder
    "bench.truth": {"size"},
    "convolutionalize.grid_costs": {"pair"},  # nothing is measured yet
    "convolutionalize.pass_counts": {"form"},  # on one window both do the same
    "fusion.decided_picture": {"segmenter"},  # only its upsamplings matter here, and those are alike
    "fusion.verdict_picture": {"segmenter"},
    "fusion.summed_picture": {"segmenter", "head"},  # both heads begin with the same streams
    "fusion.plane_picture": {"segmenter"},
    "transposed_convolution.source": {"index", "head"},  # a detail of the photo has no scores
    "fusion.distance_check": {"truth"},  # zero where all is well
    "heatmaps.layers": {"segmenter"},  # one form, other numbers
    "heatmaps.upsampling_check": {"result", "segmenter", "head", "index"},  # near zero
}


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> typing.Iterator[Values]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("kept")
        patch.setenv("FCN_LAB_HOME", str(folder / "home"))
        patch.setenv("FCN_LAB_RUNS", str(folder / "runs"))
        bench_kept.weight_records.clear()
        # ImageNet's classifiers are not on this machine.
        patch.setattr("fcn_core.weights.classifier_state", lambda name: {})
        patch.setattr(heatmaps_kept, "ConvolutionalClassifier", lambda name, state: torch.nn.Linear(len(name), 1))
        pair = convolutionalize_kept.patch_pair
        patch.setattr(convolutionalize_kept, "imagenet_windows", lambda name, _: pair(15 if name == "alexnet" else 33))
        patch.setattr(data_kept, "open_split", lambda *asked: asked)
        yield Values(folder)


def test_every_cached_function_has_a_case() -> None:
    assert sorted(CASES) == sorted(TAKING)


@pytest.mark.parametrize("name", sorted(TAKING))
def test_another_input_gives_another_answer(name: str, values: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    function, case = TAKING[name], CASES[name](values)
    assert set(case.others) == set(case.usual), "every argument is changed once"
    calls = []
    compute = function._info.func
    monkeypatch.setattr(function._info, "func", lambda **given: calls.append(given) or compute(**given))
    function.clear()

    first, again = function(**case.usual), function(**case.usual)
    assert len(calls) == 1, "the same inputs are answered from what is kept"
    assert again is first or content(again) == content(first)
    for argument, other in case.others.items():
        before = len(calls)
        answer = function(**{**case.usual, argument: other})
        assert len(calls) == before + 1, f"{argument} is part of what the answer is kept under"
        if argument not in SAME_ANSWER.get(name, ()):
            assert content(answer) != content(first), f"another {argument} gives another answer"
    assert content(function(**case.usual)) == content(first)


@pytest.mark.parametrize("name", sorted(set(FOUND) - set(TAKING)))
def test_what_takes_nothing_is_made_once(name: str) -> None:
    if name != "convolutionalize.alexnet_pair":  # 250 MB
        function = FOUND[name]
        assert function() is function() or function() == function()


@pytest.mark.parametrize("name", sorted(TAKING))
def test_arguments_are_known_by_their_identity(name: str) -> None:
    function = TAKING[name]
    parameters = inspect.signature(function.__wrapped__).parameters
    assert name in UNHASHED or not [p for p in parameters if p.startswith("_")], "an argument that is not in the key"
    hints = get_type_hints(function.__wrapped__)
    for parameter in parameters:
        assert is_known(hints[parameter]), f"{parameter}: {hints[parameter]} is neither plain nor in app.bench.identity"
        if not is_plain(hints[parameter]):
            assert function._info.hash_funcs is IDENTITY, "give the decorator hash_funcs=IDENTITY"


def is_plain(hint: Any) -> bool:
    """Whether Streamlit reads all of such a value."""
    if get_origin(hint) in (tuple, UnionType, typing.Union):
        return all(part is Ellipsis or is_plain(part) for part in get_args(hint))
    return hint in PLAIN or get_origin(hint) is Literal


def is_known(hint: Any) -> bool:
    """Whether such a value is plain, stands in the table, or is a small dataclass of what is plain or an array."""
    if get_origin(hint) in (tuple, UnionType, typing.Union):
        return all(part is Ellipsis or is_known(part) for part in get_args(hint))
    if get_origin(hint) is not None and get_origin(hint) is not Literal:
        hint = FunctionType if issubclass(get_origin(hint), Callable) else get_origin(hint)
    if is_plain(hint) or hint in IDENTITY:
        return True
    parts = get_type_hints(hint) if dataclasses.is_dataclass(hint) else {"": Any}
    return all(is_plain(part) or part is np.ndarray for part in parts.values())


def content(value: Any) -> Any:
    """What a value holds, to compare; names of values left out, other objects stand for themselves."""
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    if isinstance(value, torch.Tensor):
        return content(value.detach().numpy())
    if isinstance(value, torch.nn.Module):
        return [content(tensor) for tensor in value.state_dict().values()]
    if dataclasses.is_dataclass(value):
        return [content(getattr(value, f.name)) for f in dataclasses.fields(value) if f.name != "key"]
    if isinstance(value, dict):
        return {key: content(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [content(part) for part in value]
    return value if isinstance(value, PLAIN) else id(value)


def test_identity_refuses_what_has_no_name() -> None:
    with pytest.raises(ValueError, match="no name of its own"):
        IDENTITY[FunctionType](lambda: None)


def test_large_arrays_are_read_whole() -> None:
    # Streamlit itself samples arrays of half a million numbers and more: one changed pixel may go unseen.
    truth = np.zeros((1000, 1000), np.uint8)
    changed = truth.copy()
    changed[123, 456] = 1
    assert IDENTITY[np.ndarray](truth) != IDENTITY[np.ndarray](changed)
    assert IDENTITY[np.ndarray](truth) == IDENTITY[np.ndarray](truth.copy())
    assert IDENTITY[np.ndarray](truth) != IDENTITY[np.ndarray](truth.reshape(500, 2000))


def test_a_mask_under_another_name_is_the_same_truth(values: Values) -> None:
    mask = values.truths[0].mask
    one, two = (bench_kept.truth(upload(name, mask), CAMVID, None) for name in ("one.png", "two.png"))
    assert one.key == two.key and (one.title, two.title) == ("one.png", "two.png")


def test_a_file_replaced_while_a_page_draws_leaves_old_and_new_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FCN_LAB_HOME", str(make_home(tmp_path / "home")))
    bench_kept.weight_records.clear()
    picture, record = bench_kept.sample_picture("streets-1"), bench_kept.weight_records()[TINY]
    old = bench_kept.segmentation(picture, record).answer()
    loaded = tiny_weights()
    with torch.no_grad():
        for parameter in loaded.model.parameters():
            parameter.neg_()
    assert record.path is not None
    save_checkpoint(record.path, loaded.model, labels=loaded.labels, preprocessing=loaded.record.preprocessing)

    drawn = segment_kept.overlay(old, 8, 60, (), False, False)  # by the page that began with the old file
    assert bench_kept.found_segmentation(picture, record) is None, "nobody has asked the new one yet"
    new = bench_kept.segmentation(picture, record).answer()
    assert (new.label_maps[8] != old.label_maps[8]).any()
    assert segment_kept.overlay(new, 8, 60, (), False, False) != drawn
    assert segment_kept.overlay(old, 8, 60, (), False, False) == drawn
    bench_kept.weight_records.clear()
