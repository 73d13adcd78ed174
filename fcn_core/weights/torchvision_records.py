"""torchvision's weights: ImageNet classifiers to start a training from, and two ready FCNs.

Addresses, hash prefixes, sizes, preprocessing and scores are read from torchvision's own records,
so that they cannot disagree with the installed version.
"""

from __future__ import annotations

import re
from typing import Any

from fcn_core.labels import VOC
from fcn_core.models.torchvision_spec import FCNResNet50Spec, FCNResNet101Spec
from fcn_core.weights.preprocessing import Preprocessing
from fcn_core.weights.records import WeightRecord

CLASSIFIERS = {
    "vgg16": "VGG16",
    "vgg16_bn": "VGG16-BN",
    "alexnet": "AlexNet",
    "googlenet": "GoogLeNet",
    **{f"resnet{depth}": f"ResNet-{depth}" for depth in (18, 34, 50, 101)},
}
LICENCE = "BSD-3-Clause (torchvision); the training images have terms of their own"


def torchvision_records() -> tuple[WeightRecord, ...]:
    """Records of the classifiers and of `fcn_resnet50` and `fcn_resnet101` with VOC's classes."""
    from torchvision.models import get_model_weights  # a second of import that only the catalogue needs

    records = []
    for spec in (FCNResNet50Spec(), FCNResNet101Spec()):
        name = spec.architecture
        weights = get_model_weights(name).COCO_WITH_VOC_LABELS_V1
        measured = weights.meta["_metrics"]["COCO-val2017-VOC-labels"]
        records.append(
            WeightRecord(
                name=name,
                title=f"{name.replace('fcn_resnet', 'FCN ResNet-')}, everyday photos (torchvision)",
                spec=spec,
                label_set=VOC,
                scores={"8s": {"miou": measured["miou"] / 100, "pa": measured["pixel_acc"] / 100}},
                scored_on="COCO val2017, VOC's classes",
                training_data="Images of COCO 2017 that show PASCAL VOC's 20 classes, from an ImageNet classifier",
                knows="Everyday photos: people, animals, vehicles and furniture, PASCAL VOC's 20 classes; "
                "the rest is background.",
                notes="One head at stride 8 by dilation instead of skips. Scores as torchvision publishes them.",
                **_from_enum(weights),
            )
        )
    for name, title in CLASSIFIERS.items():
        weights = get_model_weights(name).IMAGENET1K_V1
        measured = weights.meta["_metrics"]["ImageNet-1K"]
        records.append(
            WeightRecord(
                name=name,
                title=f"{title} classifier (torchvision)",
                kind="classifier",
                scores={"classifier": {"acc1": measured["acc@1"] / 100, "acc5": measured["acc@5"] / 100}},
                scored_on="ImageNet-1K val",
                training_data="ImageNet-1K",
                knows="Whole pictures in 1,000 classes; it labels no pixels and serves as a start for training.",
                notes="A classifier: its layers are made fully convolutional when a training starts from it.",
                **_from_enum(weights),
            )
        )
    return tuple(records)


def _from_enum(weights: Any) -> dict[str, Any]:
    """What torchvision's weights enum says about file and preprocessing."""
    url = weights.url
    transform = weights.transforms()
    prefix = re.search(r"-([0-9a-f]{8,})\.", url)  # torch.hub's convention: the name ends in a prefix of the sha256
    mean, std = tuple(transform.mean), tuple(transform.std)
    if "googlenet" in url:  # torchvision's class turns ImageNet's statistics into these inside its own forward
        mean = std = (0.5, 0.5, 0.5)
    return {
        "url": url,
        "filename": url.rsplit("/", 1)[1],
        "sha256": prefix.group(1) if prefix else None,
        "size_bytes": round(weights.meta["_file_size"] * 2**20),
        "preprocessing": Preprocessing("RGB", 1.0, mean, std),
        "licence": LICENCE,
        "source": "torchvision",
    }
