"""The catalogue: every set of weights that can be named, wherever it lies.

It is read from the cards when it is asked, not at import, so that weights trained or imported
while an app runs appear without a restart.
"""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from fcn_core.weights.folders import bundled_folder, import_folder
from fcn_core.weights.published import published_records
from fcn_core.weights.records import WeightRecord
from fcn_core.weights.torchvision_records import torchvision_records

log = logging.getLogger(__name__)


class Catalogue(Mapping[str, WeightRecord]):
    """Name -> record: bundled first, then imported, then torchvision's and the published ones."""

    def __getitem__(self, name: str) -> WeightRecord:
        records = self._records()
        if name not in records:
            close = difflib.get_close_matches(name, records, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            raise UnknownWeights(f"no weights named {name!r}{hint} The names are {', '.join(records)}")
        return records[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records())

    def __len__(self) -> int:
        return len(self._records())

    def __contains__(self, name: object) -> bool:
        return name in self._records()

    @staticmethod
    def _records() -> dict[str, WeightRecord]:
        local = (*read_cards(bundled_folder(), "bundled"), *read_cards(import_folder(), "imported"))
        records: dict[str, WeightRecord] = {}
        for record in (*local, *_remote()):
            records.setdefault(record.name, record)
        return records


class UnknownWeights(KeyError, ValueError):
    """A name that is not in the catalogue."""

    def __str__(self) -> str:  # a KeyError's own text is quoted
        return str(self.args[0])


@cache
def _remote() -> tuple[WeightRecord, ...]:
    return (*torchvision_records(), *published_records())


def read_cards(folder: Path, source: str) -> tuple[WeightRecord, ...]:
    """Records of all cards in a folder whose weights lie beside them; a damaged card is logged and left out."""
    return tuple(record for card in sorted(folder.glob("*.json")) if (record := _read_card(card, _stamp(card), source)))


def _stamp(card: Path) -> tuple[int, int]:
    """What changes when a card is rewritten or its weights come or go."""
    weights = card.with_suffix(".safetensors")
    return card.stat().st_mtime_ns, weights.stat().st_size if weights.is_file() else -1


@cache
def _read_card(card: Path, stamp: tuple[int, int], source: str) -> WeightRecord | None:
    weights = card.with_suffix(".safetensors")
    if stamp[1] < 0:
        log.warning("the card %s has no weights beside it and is left out", card.name)
        return None
    try:
        data = json.loads(card.read_text(encoding="utf-8"))
        about = {**data, "source": source, "filename": weights.name, "size_bytes": stamp[1]}
        return WeightRecord.from_dict(about, folder=card.parent)
    except (OSError, TypeError, ValueError) as problem:
        log.warning("the weights card %s cannot be read and is left out: %s", card.name, problem)
        return None


CATALOGUE = Catalogue()
