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
PER_CLASS = re.compile(r"^\s*([A-Za-z][\w /.-]{0,40}?)\s*[:=|\t]\s*" + NUMBER + r"\s*(%?)\s*$", re.M)
LOSS = re.compile(r"\b(?:train[ _-])?loss(?:_mean)?\s*[:=]?\s*" + NUMBER, re.I)
RATE = re.compile(r"\b(?:base_)?(?:lr|learning[ _]rate)\s*[:=]?\s*" + NUMBER, re.I)
ERRORS = re.compile(
    r"^.*(?:out of bounds|out of range|device-side assert|class index|expected 0 to|not a number|became nan|"
    r"became inf|loss is nan).*$",
    re.I | re.M,
)
SETTING_WORDS = {"lr", "seed", "steps", "epochs", "momentum", "loss", "batch_size", "beta2", "weight_decay", "drop"}


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
        optim, loss = config.get("optim") or {}, config.get("loss") or {}
        if "lr" in optim:
            found = replace(found, lr=float(optim["lr"]), momentum=float(optim.get("momentum", 0.9)))
        if "reduction" in loss:
            found = replace(found, loss_is_sum=loss["reduction"] == "sum")
    return found


def from_text(text: str) -> Symptoms:
    """Symptoms of pasted text; ValueError when nothing in it is known."""
    records, rest = [], []
    whole = _json(text)
    for line in text.splitlines() if whole is None else []:
        value = _json(line)
        records.append(value) if value is not None else rest.append(line)
    found = from_run(records if whole is None else [whole])
    plain = "\n".join(rest)
    batches = tuple(_number(value) for _, value in BATCH.findall(plain))
    values = VALUES.search(plain)
    listed = tuple(int(v) for v in re.findall(r"\d+", values.group(1))) if values else ()
    losses = tuple(_number(value) for value in LOSS.findall(plain))
    rate, momentum = RATE.search(plain), re.search(r"momentum\s*[:=]\s*" + NUMBER, plain, re.I)
    found = replace(
        found,
        errors=(*found.errors, *_errors(plain)),
        batch_mious=batches or found.batch_mious,
        label_values=tuple(v for v in listed if v <= 255) or found.label_values,
        losses=losses or found.losses,
        lr=_number(rate.group(1)) if rate else found.lr,
        momentum=_number(momentum.group(1)) if momentum else found.momentum,
    )
    if re.search(r"reduction\s*[:=]\s*['\"]?sum|normalize\s*:\s*false|size_average\s*=\s*False", plain, re.I):
        found = replace(found, loss_is_sum=True)
    elif re.search(r"reduction\s*[:=]\s*['\"]?mean|normalize\s*:\s*true", plain, re.I):
        found = replace(found, loss_is_sum=False)
    scores = _scores(BATCH.sub("", plain))
    if not scores.is_empty:
        found = replace(found, scores=scores)
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
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


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
    if isinstance(total, int | float) and isinstance(mean, int | float) and mean > 0:
        found = replace(found, pixels=total / mean, loss_is_sum=record["loss"] == total and total != mean)
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


def _errors(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip()[:300] for line in ERRORS.findall(text)))


def _share(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
