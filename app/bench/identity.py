"""What cached functions know a value by: one table, type -> its key, for the `hash_funcs` of every room.

A value is known by the key that it was made under, fixed when it was made, so that a cached function cannot forget
what its answer depends on. What Streamlit would only sample (arrays of over half a million numbers), walk through
slowly or not understand stands here; plain values and small frozen dataclasses of plain values need not.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from types import FunctionType
from typing import Any, TypeVar

import numpy as np

from app.visitor.upload import Upload
from fcn_core.analysis.dense.patch_sampling import PatchGradients
from fcn_core.analysis.dense.window_classifier import WindowClassifier
from fcn_core.keys import content_key
from fcn_core.labels import LabelSet
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.training.run_folder.run_log import Records
from fcn_core.weights import LoadedModel, WeightRecord

Made = TypeVar("Made")


def function_name(function: FunctionType) -> str:
    """Where a function stands. ValueError for one that was made in passing, which may hold anything."""
    if "<" in function.__qualname__:
        raise ValueError(f"{function.__qualname__} has no name of its own: write it at the top of its module")
    return f"{function.__module__}.{function.__qualname__}"


IDENTITY: dict[type[Any], Callable[[Any], Any]] = {
    SegmentationResult: attrgetter("key"),
    LoadedModel: attrgetter("key"),
    Segmenter: attrgetter("loaded.key"),
    WindowClassifier: attrgetter("key"),
    PatchGradients: attrgetter("key"),
    Records: attrgetter("key"),
    WeightRecord: repr,
    LabelSet: repr,
    np.ndarray: content_key,
    FunctionType: function_name,
    Upload: attrgetter("digest", "name"),
}


def identified(kind: type[Made]) -> type[Made]:
    """A class whose values carry their identity in `key`."""
    IDENTITY[kind] = attrgetter("key")
    return kind
