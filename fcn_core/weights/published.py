"""The published FCN weights: the authors' Caffe files and torchfcn's conversions of them.

Addresses, checksums and scores are those of the authors' code (fcn.berkeleyvision.org) and of
wkentaro/pytorch-fcn. The authors published no checksums; their files are checked layer by layer
when they are read. Some of these addresses no longer answer: a file that someone already has can
be put into the download folder or imported.
"""

from __future__ import annotations

from fcn_core.labels import NYUD, VOC
from fcn_core.models.spec import FCNSpec
from fcn_core.weights.preprocessing import CAFFE_NYUD, CAFFE_VOC
from fcn_core.weights.records import WeightRecord

CAFFE_HOST = "http://dl.caffe.berkeleyvision.org"
DRIVE = "https://drive.usercontent.google.com/download?id={id}&export=download&confirm=t"
AT_ONCE = {16: 0.01, 8: 0.0001}

VOC_DATA = "PASCAL VOC 2011 train and the SBD annotations, from an ImageNet classifier"
VOC_KNOWS = "Everyday photos: people, animals, vehicles and furniture, PASCAL VOC's 20 classes; the rest is background."
LICENCE = "BSD-2-Clause code, unrestricted use of the models (authors' README)"
VALIDATION = "PASCAL VOC 2011 seg11valid"


def _vgg(heads: tuple[int, ...], *, at_once: bool = False, num_classes: int = 21) -> FCNSpec:
    scales = AT_ONCE if at_once else {16: 1.0, 8: 1.0}
    return FCNSpec(
        backbone="vgg16", num_classes=num_classes, heads=heads, alignment="reference", skip_scales=dict(scales)
    )


def _caffe(name: str, title: str, spec: FCNSpec, miou: float, megabytes: int, file: str | None = None) -> WeightRecord:
    filename = f"{file or name}.caffemodel"
    return WeightRecord(
        name=name,
        title=title,
        spec=spec,
        label_set=VOC,
        preprocessing=CAFFE_VOC,
        source="published",
        url=f"{CAFFE_HOST}/{filename}",
        filename=filename,
        size_bytes=megabytes * 10**6,
        licence=LICENCE,
        training_data=VOC_DATA,
        knows=VOC_KNOWS,
        scores={f"{min(spec.heads)}s": {"miou": miou}},
        scored_on=VALIDATION,
        notes="The authors' file; no checksum was published. Score as published.",
    )


def _torchfcn(name: str, title: str, spec: FCNSpec, miou: float, drive_id: str, md5: str) -> WeightRecord:
    return WeightRecord(
        name=name,
        title=title,
        spec=spec,
        label_set=VOC,
        preprocessing=CAFFE_VOC,
        source="published",
        url=DRIVE.format(id=drive_id),
        filename=f"{name.removeprefix('torchfcn-')}_from_caffe.pth",
        size_bytes=538 * 10**6,
        md5=md5,
        licence=f"MIT code (pytorch-fcn); {LICENCE}",
        training_data=VOC_DATA,
        knows=VOC_KNOWS,
        scores={f"{min(spec.heads)}s": {"miou": miou}},
        scored_on=VALIDATION,
        notes="torchfcn's conversion of the authors' file, so the authors' score is shown.",
    )


def published_records() -> tuple[WeightRecord, ...]:
    """The records of all published FCN weights."""
    eight, sixteen, thirty_two = _vgg((8,)), _vgg((16,)), _vgg((32,))
    at_once = _vgg((8,), at_once=True)
    alexnet = FCNSpec(backbone="caffenet", num_classes=21, heads=(32,), alignment="reference")
    return (
        _caffe("fcn8s-heavy-pascal", "FCN-8s, VGG16, PASCAL VOC", eight, 0.655, 538),
        _caffe("fcn16s-heavy-pascal", "FCN-16s, VGG16, PASCAL VOC", sixteen, 0.650, 538),
        _caffe("fcn32s-heavy-pascal", "FCN-32s, VGG16, PASCAL VOC", thirty_two, 0.636, 538),
        _caffe("fcn8s-atonce-pascal", "FCN-8s trained at once, VGG16, PASCAL VOC", at_once, 0.654, 538),
        _caffe("fcn-alexnet-pascal", "FCN-AlexNet (32s), PASCAL VOC", alexnet, 0.480, 228),
        WeightRecord(
            name="nyud-fcn32s-color-heavy",
            title="FCN-32s, VGG16, NYUDv2 rooms (colour)",
            spec=_vgg((32,), num_classes=40),
            label_set=NYUD,
            preprocessing=CAFFE_NYUD,
            source="published",
            url=f"{CAFFE_HOST}/nyud-fcn32s-color-heavy.caffemodel",
            filename="nyud-fcn32s-color-heavy.caffemodel",
            size_bytes=538 * 10**6,
            licence=LICENCE,
            training_data="NYUDv2 train and val, 40 classes, from an ImageNet classifier",
            knows="Rooms: walls, floors, furniture and household things, NYUDv2's 40 classes.",
            notes="The authors' file; no checksum and no score of this file were published.",
        ),
        _torchfcn(
            "torchfcn-fcn8s", "FCN-8s, VGG16, PASCAL VOC (torchfcn)", eight, 0.655,
            "1ieXWyoG68xqoHJPWdyrDyaIaaWlfmUxI", "de93e540ec79512f8770033849c8ae89",
        ),
        _torchfcn(
            "torchfcn-fcn8s-atonce", "FCN-8s trained at once, VGG16, PASCAL VOC (torchfcn)", at_once, 0.654,
            "0B9P1L--7Wd2vblE1VUIxV1o2d2M", "bfed4437e941fef58932891217fe6464",
        ),
        _torchfcn(
            "torchfcn-fcn16s", "FCN-16s, VGG16, PASCAL VOC (torchfcn)", sixteen, 0.650,
            "1bctu58B6YH9bu6lBBSBB2rUeGlGhYLoP", "a2d4035f669f09483b39c9a14a0d6670",
        ),
        _torchfcn(
            "torchfcn-fcn32s", "FCN-32s, VGG16, PASCAL VOC (torchfcn)", thirty_two, 0.636,
            "11k2Q0bvRQgQbT6-jYWeh6nmAsWlSCY3f", "d3eb467a80e7da0468a20dfcbc13e6c8",
        ),
    )  # fmt: skip
