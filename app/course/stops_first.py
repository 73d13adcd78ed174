"""Stops 1 to 6: why every pixel needs a class, and how a coarse map comes about and grows again."""

from __future__ import annotations

from app.course.stop import Stop
from app.labs.shared.answers import Question

FIRST = (
    Stop(
        1,
        "Why pixels",
        5,
        goal="Tell apart three answers to *what is in this picture?*: one class for the photo, boxes, and a class for "
        "every pixel.",
        task="Click the pole, the pavement and a car. Then set the opacity to 0 and to 100: could you drive by the "
        "colours alone?",
        paper="CVPR 2015, section 1",
        page="segment.py",
        state={"view": "heads", "x": "320", "y": "300"},
        question=Question(
            "A photo of 640×480 pixels and 11 classes. How many numbers does the network give before the arg-max?",
            ("11", "640 × 480", "640 × 480 × 11"),
            2,
            "A score for every class at every pixel: 3 379 200 numbers. The arg-max over the classes keeps one label a "
            "pixel, 307 200 of them.",
        ),
    ),
    Stop(
        2,
        "From classifier to map",
        10,
        goal="See that a fully connected layer is a convolution whose kernel is as large as its input, so that a "
        "classifier gives a map of answers on a larger photo.",
        task="Move the window and compare its numbers, fully connected and as convolutions. Enlarge the photo and "
        "count the answers. Then open *Patch by patch* and race the two ways.",
        paper="CVPR 2015, section 3.1 and Figure 2",
        page="convolutionalize.py",
        state={"c_view": "classifier", "c_scale": "2"},
        question=Question(
            "What must be trained again when a classifier's fully connected layers become convolutions?",
            ("Nothing: the same numbers are laid out differently", "The fully connected layers", "All layers"),
            0,
            "The weight matrix is reshaped into kernels. At the native size the outputs agree to rounding; on a larger "
            "photo the same kernels slide, and the overlap of the windows is computed only once.",
        ),
    ),
    Stop(
        3,
        "Receptive field",
        8,
        goal="Say which box of the photo one cell can depend on, and why much of that box hardly counts.",
        task="Click cells near the middle and at the border. Under *Effective field* compare the box with where the "
        "gradient really lies.",
        paper="CVPR 2015, section 3 and Table 1",
        page="receptive_fields.py",
        state={"r_view": "cell", "r_net": "vgg16", "r_map": "pool3", "x": "320", "y": "240"},
        question=Question(
            "Two 3×3 convolutions of stride 1 on top of each other see 5×5 pixels. What do three see?",
            ("7×7", "9×9", "27×27"),
            0,
            "Each kernel adds its size minus one, times the stride before it: 1 + 2 + 2 + 2 = 7. Strides, not kernels, "
            "make fields grow fast.",
        ),
    ),
    Stop(
        4,
        "Stride",
        6,
        goal="Understand the price of pooling: fc7 has one cell for 32×32 pixels, and no later layer knows where "
        "inside that square something was.",
        task="Count each head's cells along the photo's width. Then choose the class pole: which head still has cells "
        "of its own for it, and what does upsampling make of the others?",
        paper="CVPR 2015, sections 3.2 and 4.2",
        page="heatmaps.py",
        state={"h_view": "scores", "h_show": "heads", "h_map": "coarse", "cls": "car"},
        question=Question(
            "The photo moves 16 pixels to the right. What does a map of stride 32 do?",
            (
                "It moves by half a cell",
                "It moves by one cell",
                "Its numbers change; no shift of the old map gives them",
            ),
            2,
            "Half a cell does not exist. Output shifts exactly with the photo only for multiples of the stride; in "
            "between the cells sample other places. Convolutionalize, *Shift the photo*, measures it.",
        ),
    ),
    Stop(
        5,
        "Upsampling",
        8,
        goal="Make a coarse map as large as the photo again, and see that bilinear interpolation is a convolution "
        "with a fixed kernel.",
        task="Change the factor and compare bilinear, nearest and random kernels with what the libraries compute; "
        "look at the difference picture. Under *Learn the kernel* a random one ends near bilinear.",
        paper="CVPR 2015, section 3.3",
        page="transposed_convolution.py",
        state={"t_view": "upsample"},
        question=Question(
            "A bilinear kernel enlarges by the factor f = 4. What is the sum of all its weights?",
            ("1", "4", "16"),
            2,
            "f² = 16: every input value is spread over f × f output pixels and must arrive there at full strength.",
        ),
    ),
    Stop(
        6,
        "Transposed convolution",
        10,
        goal="Compute a transposed convolution in three ways (stamping, zeros between, the transposed matrix) and know "
        "what it is not: an inverse.",
        task="Play the three views to the end and point at a cell to see what it is made of. Then open *Overlap* with "
        "kernel 3 and stride 2: where does the chequerboard come from?",
        paper="CVPR 2015, section 3.3",
        page="transposed_convolution.py",
        state={"t_view": "steps", "t_dim": "1d", "t_n": "3", "t_k": "4", "t_s": "2", "t_p": "1"},
        question=Question(
            "Input 3, kernel 4, stride 2, padding 1, no output padding. How long is the output?",
            ("5", "6", "8"),
            1,
            "(n − 1)·s − 2p + d·(k − 1) + op + 1 = 2·2 − 2 + 3 + 0 + 1 = 6: exactly twice the input, as an FCN wants "
            "it.",
        ),
    ),
)
