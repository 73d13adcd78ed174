"""Label sets: class names, colours and the void index.

Names and display colours follow each data set's publication; `colour_blind_safe` palettes are
ours. A label map is H×W, dtype uint8, one class index a pixel; `VOID` marks pixels that no
metric and no loss counts.
"""

from __future__ import annotations

from dataclasses import dataclass

VOID = 255
VOID_COLOUR = (0, 0, 0)

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class LabelSet:
    """The classes that a network tells apart, with their colours.

    `classes[i]` is the name of class index i; `palette[i]` its published colour (RGB 0-255).
    `colour_blind_safe[i]` is a second colour that stays apart from its neighbours under the
    common colour-vision deficiencies.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    palette: tuple[Colour, ...]
    colour_blind_safe: tuple[Colour, ...]

    def __post_init__(self) -> None:
        if not len(self.classes) == len(self.palette) == len(self.colour_blind_safe):
            raise ValueError(
                f"label set {self.name!r} has {len(self.classes)} classes, {len(self.palette)} colours and "
                f"{len(self.colour_blind_safe)} colour-blind-safe colours; give one of each a class"
            )
        if not 1 <= len(self.classes) <= VOID:
            raise ValueError(
                f"label set {self.name!r} has {len(self.classes)} classes; a label map of one byte a pixel holds 1 to "
                f"{VOID}, since {VOID} itself is void"
            )

    def __len__(self) -> int:
        return len(self.classes)

    def index(self, name: str) -> int:
        """Class index of `name`; ValueError lists the known names."""
        if name not in self.classes:
            raise ValueError(f"no class {name!r} in {self.name}; its classes are {', '.join(self.classes)}")
        return self.classes.index(name)

    def colours(self, *, safe: bool = False) -> tuple[Colour, ...]:
        """The palette to draw with: the published one, or the colour-blind-safe one."""
        return self.colour_blind_safe if safe else self.palette


def voc_palette(n: int) -> tuple[Colour, ...]:
    """The PASCAL VOC colour map: the bits of the index dealt out to R, G, B from the top bit down."""
    colours = []
    for index in range(n):
        rgb = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                rgb[channel] |= ((index >> (3 * bit + channel)) & 1) << (7 - bit)
        colours.append((rgb[0], rgb[1], rgb[2]))
    return tuple(colours)


def spread_palette(n: int) -> tuple[Colour, ...]:
    """n colours that differ in lightness first (so no deficiency merges neighbours), then in blue-yellow hue."""
    anchors = ((0, 34, 78), (0, 114, 178), (86, 180, 233), (240, 228, 66), (230, 159, 0), (213, 94, 0), (204, 121, 167))
    colours = []
    for index in range(n):
        base = anchors[index % len(anchors)]
        lift = 0.55 * (index // len(anchors)) / max(1, (n - 1) // len(anchors))
        r, g, b = (round(c + (255 - c) * lift) for c in base)
        colours.append((r, g, b))
    return tuple(colours)


CAMVID = LabelSet(
    name="camvid",
    title="CamVid streets, 11 classes",
    classes=(
        "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist",
    ),  # fmt: skip
    palette=(
        (128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (60, 40, 222), (128, 128, 0),
        (192, 128, 128), (64, 64, 128), (64, 0, 128), (64, 64, 0), (0, 128, 192),
    ),  # fmt: skip
    colour_blind_safe=(
        (190, 220, 245), (140, 110, 90), (255, 240, 60), (80, 80, 90), (200, 200, 205), (0, 110, 80),
        (240, 120, 0), (150, 200, 160), (0, 60, 160), (220, 60, 130), (90, 200, 240),
    ),  # fmt: skip
)  # fmt: skip

VOC = LabelSet(
    name="voc",
    title="PASCAL VOC, 20 everyday classes and background",
    classes=(
        "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
        "dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv monitor",
    ),
    palette=voc_palette(21),
    colour_blind_safe=((0, 0, 0), *spread_palette(20)),
)  # fmt: skip

PASCAL_CONTEXT = LabelSet(
    name="pascal-context",
    title="PASCAL-Context, the 59 most frequent classes",
    classes=(
        "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
        "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor", "bag", "bed", "bench",
        "book", "building", "cabinet", "ceiling", "clothes", "computer", "cup", "door", "fence", "floor", "flower",
        "food", "grass", "ground", "keyboard", "light", "mountain", "mouse", "curtain", "platform", "sign", "plate",
        "road", "rock", "shelves", "sidewalk", "sky", "snow", "bedcloth", "track", "tree", "truck", "wall", "water",
        "window", "wood",
    ),
    palette=voc_palette(60)[1:],
    colour_blind_safe=spread_palette(59),
)  # fmt: skip

PASCAL_CONTEXT_60 = LabelSet(
    name="pascal-context-60",
    title="PASCAL-Context, 59 classes and background",
    classes=("background", *PASCAL_CONTEXT.classes),
    palette=voc_palette(60),
    colour_blind_safe=((0, 0, 0), *PASCAL_CONTEXT.colour_blind_safe),
)

# Order of data/nyud/classes.txt of the authors of FCN; "refridgerator", "otherprop" and the like spelled out.
NYUD = LabelSet(
    name="nyud",
    title="NYUDv2 rooms, 40 classes",
    classes=(
        "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf", "picture",
        "counter", "blinds", "desk", "shelves", "curtain", "dresser", "pillow", "mirror", "floor mat", "clothes",
        "ceiling", "books", "refrigerator", "television", "paper", "towel", "shower curtain", "box", "whiteboard",
        "person", "night stand", "toilet", "sink", "lamp", "bathtub", "bag", "other structure", "other furniture",
        "other prop",
    ),
    palette=voc_palette(41)[1:],
    colour_blind_safe=spread_palette(40),
)  # fmt: skip

# Order as in data/sift-flow/classes.txt of the authors of FCN, which is that of the label maps.
SIFT_FLOW = LabelSet(
    name="siftflow",
    title="SIFT Flow outdoor scenes, 33 classes",
    classes=(
        "awning", "balcony", "bird", "boat", "bridge", "building", "bus", "car", "cow", "crosswalk", "desert", "door",
        "fence", "field", "grass", "moon", "mountain", "person", "plant", "pole", "river", "road", "rock", "sand",
        "sea", "sidewalk", "sign", "sky", "staircase", "streetlight", "sun", "tree", "window",
    ),
    palette=voc_palette(34)[1:],
    colour_blind_safe=spread_palette(33),
)  # fmt: skip

SIFT_FLOW_GEOMETRY = LabelSet(
    name="siftflow-geometry",
    title="SIFT Flow, 3 geometric classes",
    classes=("sky", "horizontal", "vertical"),
    palette=((128, 192, 255), (96, 160, 64), (160, 96, 64)),
    colour_blind_safe=((190, 220, 245), (230, 159, 0), (0, 60, 160)),
)

LABEL_SETS: dict[str, LabelSet] = {
    labels.name: labels for labels in (CAMVID, VOC, PASCAL_CONTEXT, PASCAL_CONTEXT_60, NYUD, SIFT_FLOW)
}
