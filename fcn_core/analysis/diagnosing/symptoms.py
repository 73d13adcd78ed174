"""What a training run, a metric line or a log tells that a diagnosis can use: read from records or from pasted text.

Understood are the lines of `metrics.jsonl`, `Scores.as_dict()` as JSON, the lines that the reference code prints
("overall accuracy", "mean IU", "fwavacc"), settings as YAML, messages of errors, lists of label values, and tables of
a class and its IoU a line. Scores may be shares or percents.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf)"
MEASURES = {
    "pa": r"(?:pixel[ _-]acc(?:uracy|\.)?|overall accuracy|global acc(?:uracy|\.)?|(?<!m)\bpa\b)",
    "mpa": r"(?:mean (?:pixel )?acc(?:uracy|\.)?|mean_acc|\bmpa\b)",
    "miou": r"(?:mean[ _-]i(?:o)?u\b|\bmiou\b|(?<!f\.w\. )(?<!fw )(?<!weighted )\biu\b)",
    "fwiou": r"(?:fw[ _-]?i(?:o)?u\b|f\.w\. i(?:o)?u\b|fwavacc|frequency[ -]weighted i(?:o)?u)",
}
BATCH = re.compile(r"\b(batch|image|picture|img)\s*#?\d+\b\D*?(?:mean[ _-]i(?:o)?u|miou|iou)\s*[:=]?\s*" + NUMBER, re.I)
VALUES = re.compile(r"(?:unique|values|indices)\D{0,40}?\[?\s*((?:\d{1,3}[\s,]+)+\d{1,3})\b", re.I)
PER_CLASS = re.compile(r"^[ \t|]*([A-Za-z][\w /.-]{0,40}?)\s*[:=|\t]\s*" + NUMBER + r"\s*(%?)[ \t|]*$", re.M)
# "32s 0.18, 16s 0.19, 8s 0.21", as training prints it: what stands before the finest head's value.
COARSER = re.compile(rf"(?:\b\d{{1,2}}s\s*[:=]?\s*{NUMBER}\s*,\s*)*\b\d{{1,2}}s\s*[:=]?\s*(?={NUMBER})", re.I)
LOSS = re.compile(r"\b(?:train[ _-])?loss(?:_mean)?\s*[:=]?\s*" + NUMBER, re.I)
RATE = re.compile(r"\b(?:base_)?(?:lr|learning[ _]rate)\s*[:=]?\s*" + NUMBER, re.I)
ERRORS = re.compile(
    r"^.*(?:out of bounds|out of range|device-side assert|class index|expected 0 to|not a number|became nan|"
    r"became inf|loss is nan).*$",
    re.I | re.M,
)
# What stands before a number in settings and logs, and is no class.
SETTING_WORDS = {
    "lr", "base_lr", "learning rate", "momentum", "beta2", "weight_decay", "drop", "seed", "loss", "train loss",
    "val loss", "step", "steps", "epoch", "epochs", "iter", "iteration", "batch", "batch size", "batch_size", "time",
    "eta", "gpu", "memory", "speed",
}  # fmt: skip


@dataclass(frozen=True)
class MetricLine:
    """Scores of one measurement, 0-1, None where not given. iou: class -> IoU, None for a class that occurs nowhere."""

    pa: float | None = None
    mpa: float | None = None
    miou: float | None = None
    fwiou: float | None = None
    iou: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return all(getattr(self, name) is None for name in MEASURES) and not self.iou


@dataclass(frozen=True)
class Symptoms:
    """All that was read; everything may be missing.

    scores: the last measurement. swapped: the same measured with the colour channels in the other order. losses: in
    order, nan where it was no number. loss_is_sum: None when nothing says. pixels: that one step's loss counts.
    batch_mious: values of single batches or pictures. label_values: what label maps hold. errors: lines of a log.
    """

    scores: MetricLine = MetricLine()
    swapped: MetricLine = MetricLine()
    losses: tuple[float, ...] = ()
    loss_is_sum: bool | None = None
    pixels: float | None = None
    lr: float | None = None
    momentum: float | None = None
    batch_mious: tuple[float, ...] = ()
    label_values: tuple[int, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to judge."""
        something = (self.losses, self.batch_mious, self.label_values, self.errors)
        return self.scores.is_empty and self.swapped.is_empty and not any(something) and self.lr is None


def from_run(records: Iterable[Mapping[str, Any]], config: Mapping[str, Any] | None = None, log: str = "") -> Symptoms:
    """Symptoms of a run: the records of its metrics.jsonl, its settings as plain values, the end of its log."""
    found = Symptoms(errors=_errors(log))
    losses = []
    for record in records:
        kind = record.get("kind")
        if kind == "eval" or kind == "test" or (kind is None and ("miou" in record or "heads" in record)):
            found = replace(found, scores=_line(_finest(record)))
            if isinstance(record.get("swapped"), Mapping):
                found = replace(found, swapped=_line(_finest(record["swapped"])))
        if "loss" in record:
            losses.append(_number(record["loss"]))
            found = _with_step(found, record)
        if isinstance(record.get("label_values"), list | tuple):
            indices = tuple(v for v in record["label_values"] if type(v) is int and 0 <= v <= 255)
            found = replace(found, label_values=indices)
        if isinstance(record.get("error"), str):
            found = replace(found, errors=(*found.errors, record["error"]))
        if kind == "batch" and "miou" in record:
            found = replace(found, batch_mious=(*found.batch_mious, _number(record["miou"])))
    if "became nan" in log and losses and math.isfinite(losses[-1]):
        losses.append(math.nan)
    found = replace(found, losses=tuple(losses))
    if config:
        found = _with_settings(found, config)
    return found


def from_text(text: str) -> Symptoms:
    """Symptoms of pasted text; ValueError when nothing in it is known.

    What records say goes before what stands in the lines around them.
    """
    whole = _json(text)
    lines = [] if whole is not None else [(line, _json(line)) for line in text.splitlines()]
    values = [whole] if whole is not None else [value for _, value in lines if value is not None]
    config = next((value for value in values if _is_settings(value)), None)
    plain = "\n".join(line for line, value in lines if value is None)
    found = from_run([value for value in values if not _is_settings(value)], config, plain)
    batches = tuple(_number(value) for _, value in BATCH.findall(plain))
    hit = VALUES.search(plain)
    listed = tuple(int(v) for v in re.findall(r"\d+", hit.group(1))) if hit else ()
    losses = tuple(_number(value) for value in LOSS.findall(plain))
    rate, momentum = RATE.search(plain), re.search(r"momentum\s*[:=]\s*" + NUMBER, plain, re.I)
    found = replace(
        found,
        batch_mious=found.batch_mious or batches,
        label_values=found.label_values or tuple(v for v in listed if v <= 255),
        losses=found.losses or losses,
        lr=_number(rate.group(1)) if rate and found.lr is None else found.lr,
        momentum=_number(momentum.group(1)) if momentum and found.momentum is None else found.momentum,
    )
    if found.loss_is_sum is None:
        found = replace(found, loss_is_sum=_says_sum(plain))
    if found.scores.is_empty:
        found = replace(found, scores=_scores(COARSER.sub("", BATCH.sub("", plain))))
    if found.is_empty:
        raise ValueError(
            "nothing in this text is known here; paste lines of metrics.jsonl, a line with pixel accuracy, mean "
            "accuracy, mean IoU and frequency-weighted IoU, a loss with its learning rate, an error message, or a list "
            "such as: values 0 15 255"
        )
    return found


def _json(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_settings(record: Mapping[str, Any]) -> bool:
    """Whether a record holds the settings of a run, as config.yaml has them."""
    return any(isinstance(record.get(part), Mapping) for part in ("optim", "loss"))


def _with_settings(found: Symptoms, config: Mapping[str, Any]) -> Symptoms:
    optim, loss = (part if isinstance(part := config.get(name), Mapping) else {} for name in ("optim", "loss"))
    rate, momentum = _number(optim.get("lr")), _number(optim.get("momentum", 0.9))
    if math.isfinite(rate):
        found = replace(found, lr=rate, momentum=momentum if math.isfinite(momentum) else None)
    return replace(found, loss_is_sum=loss["reduction"] == "sum") if "reduction" in loss else found


def _finest(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The scores of the finest head of a record, or the record itself."""
    heads = record.get("heads")
    if not isinstance(heads, Mapping) or not heads:
        return record
    value = heads[min(heads, key=lambda head: int(re.sub(r"\D", "", str(head)) or 0))]
    return value if isinstance(value, Mapping) else record


def _line(values: Mapping[str, Any]) -> MetricLine:
    iou = values.get("iou")
    listed = {str(k): _share(v) for k, v in iou.items()} if isinstance(iou, Mapping) else {}
    pa, mpa, miou, fwiou = (_share(values.get(name)) for name in MEASURES)
    return MetricLine(pa, mpa, miou, fwiou, listed)


def _with_step(found: Symptoms, record: Mapping[str, Any]) -> Symptoms:
    total, mean, rates = record.get("loss_sum"), record.get("loss_mean"), record.get("lr")
    listed = [_number(rate) for rate in (rates.values() if isinstance(rates, Mapping) else [rates])]
    usable = [rate for rate in listed if math.isfinite(rate)]
    if usable:
        found = replace(found, lr=max(usable))
    pixels = _number(total) / _number(mean) if _number(mean) > 0 else math.nan
    if math.isfinite(pixels):
        found = replace(found, pixels=pixels, loss_is_sum=record["loss"] == total and total != mean)
    return found


def _scores(text: str) -> MetricLine:
    found = {}
    for name, words in MEASURES.items():
        hit = re.search(words + r"\s*(?:is|of)?\s*[:=|]?\s*" + NUMBER + r"\s*(%?)", text, re.I)
        if hit:
            found[name] = _number(hit.group(1)) / (100 if hit.group(2) else 1)
    percents = any(value > 1 for value in found.values())
    found = {name: value / 100 if percents else value for name, value in found.items()}
    iou = {}
    for name, value, sign in PER_CLASS.findall(text):
        known = any(re.fullmatch(words, name.strip(), re.I) for words in MEASURES.values())
        if not known and name.strip().lower() not in SETTING_WORDS:
            iou[name.strip()] = _number(value) / (100 if sign else 1)
    if any(value > 1 for value in iou.values()):
        iou = {name: value / 100 for name, value in iou.items()}
    if any(not 0 <= value <= 1 for value in iou.values()):  # not a table of scores
        iou = {}
    usable = {name: value for name, value in found.items() if math.isfinite(value) and 0 <= value <= 1}
    return MetricLine(**usable, iou=iou)


def _says_sum(text: str) -> bool | None:
    """Whether settings in the style of PyTorch or Caffe ask for a sum over pixels; None where they say nothing."""
    if re.search(r"reduction\s*[:=]\s*['\"]?sum|normalize\s*:\s*false|size_average\s*=\s*False", text, re.I):
        return True
    return False if re.search(r"reduction\s*[:=]\s*['\"]?mean|normalize\s*:\s*true", text, re.I) else None


def _errors(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip()[:300] for line in ERRORS.findall(text)))


def _share(value: Any) -> float | None:
    number = _number(value) if isinstance(value, int | float) else math.nan
    return number if math.isfinite(number) else None


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
