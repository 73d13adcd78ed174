"""Stops 7 to 12: skips, heads, training, measuring, failing, and what came after."""

from __future__ import annotations

from app.course.stop import Stop
from app.labs.shared.answers import Question

LAST = (
    Stop(
        7,
        "Skip fusion",
        10,
        goal="Read the sum that makes FCN-8s: what fc7, pool4 and pool3 each say about one pixel, and which of them "
        "decided.",
        task="Click pixels inside a large thing and at its boundary, and compare their ledgers. Under *Scale the "
        "skips* set pool3 to 0.",
        paper="CVPR 2015, section 4.2 and Figure 3",
        page="fusion.py",
        state={"f_view": "ledger", "cls": "pole", "x": "150", "y": "70"},
        question=Question(
            "Where do the skips change the most labels?",
            ("Inside large things", "At boundaries and on thin things", "Everywhere alike"),
            1,
            "Inside large things the coarse scores already agree. pool4 and pool3 have finer cells and say where a "
            "class ends.",
        ),
    ),
    Stop(
        8,
        "Heads compared",
        7,
        goal="Judge 32s, 16s and 8s on one picture: where they differ, and how little mean IoU shows of it.",
        task="Walk over the pixels on which 32s and 8s disagree. Then open *Ground truth* and compare the classes one "
        "by one.",
        paper="CVPR 2015, Table 2 and Figure 4",
        page="segment.py",
        state={"view": "differences", "against": "32s-8s"},
        question=Question(
            "From 32s to 16s the paper gains 3.0 points of mean IU (VOC2011 val). And from 16s to 8s?",
            ("0.3 points", "1.5 points", "3 points again"),
            0,
            "59.4 → 62.4 → 62.7 (Table 2). Each finer skip adds less, although the pictures still look clearly better.",
        ),
    ),
    Stop(
        9,
        "Training",
        8,
        goal="Know what is trained: every layer, from a classifier's weights, with one softmax loss a pixel; and why "
        "the paper's learning rate of 1e-10 is not small.",
        task="Compare the recipes, then start *Classroom: two minutes* on drawn streets and watch it grow under "
        "*Live*. *Measure with a few real steps* tells the cost first.",
        paper="CVPR 2015, section 4.3",
        page="train.py",
        question=Question(
            "The authors' code uses a learning rate of 1e-10 with a loss summed over all pixels and momentum 0.99. On "
            "a photo of 500×375 pixels, which rate on the **mean** loss is the same?",
            ("1e-10", "about 2e-5", "about 0.1"),
            1,
            "500 · 375 · 1e-10 = 1.9e-5; momentum 0.99 makes steps up to a hundred times longer, so it works like "
            "1.9e-3. Whoever takes 1e-10 with a mean loss learns nothing.",
        ),
    ),
    Stop(
        10,
        "Metrics",
        8,
        goal="Compute pixel accuracy and mean IoU from one confusion matrix, and know which mistakes each forgives.",
        task="Shift the label map by a few pixels, then drop the class in hand. Which metric notices which? Click a "
        "cell of the confusion matrix to see its pixels.",
        paper="CVPR 2015, section 5",
        page="metrics.py",
        state={"m_view": "disturb", "m_from": "truth", "m_dx": "8", "cls": "pole"},
        question=Question(
            "99 % of all pixels are background. A network predicts background everywhere. With two classes, what are "
            "pixel accuracy and mean IoU?",
            ("99 % and 99 %", "99 % and about 50 %", "50 % and 50 %"),
            1,
            "Background has IoU 0.99, the other class 0: the mean is 0.495. Pixel accuracy hides the rare class.",
        ),
    ),
    Stop(
        11,
        "Failures",
        6,
        goal="Recognise broken runs by their numbers: one class everywhere, void counted as a class, colours in the "
        "wrong order, a loss that does not move.",
        task="Pick cases in the doctor, make your own diagnosis from the numbers first, then read the evidence and the "
        "cure.",
        paper="CVPR 2015, section 4.3 on class balancing",
        page="metrics.py",
        state={"m_view": "doctor"},
        question=Question(
            "A run has pixel accuracy 73 % and mean IoU 3.5 % with 21 classes, from the first validation on. The first "
            "suspicion?",
            (
                "It predicts one class everywhere",
                "It overfits",
                "It needs a finer head",
            ),
            0,
            "0.73 / 21 = 0.035: one class with IoU 0.73 and twenty with 0. Exactly p/K is the signature of a constant "
            "prediction.",
        ),
    ),
    Stop(
        12,
        "What came after",
        4,
        goal="Place the successors by what they changed: the decoder, the stride, the context, the output's shape.",
        task="Shift-and-stitch equals a network with dilated (*à trous*) filters: see the equality, and the cost. "
        "DeepLab and the dilated networks took this road; the paper took skips.",
        paper="CVPR 2015, section 3.2; scores as each paper gives them",
        page="convolutionalize.py",
        state={"c_view": "stitch"},
        question=Question(
            "VOC2012 test, mean IU: FCN-8s 62.2, DeepLab v3 85.7. What did DeepLab keep of the FCN?",
            (
                "Deconvolutions that learn",
                "A classifier made convolutional, trained end to end on whole images",
                "The sum of pool3, pool4 and fc7",
            ),
            1,
            "Pre-trained trunk, 1×1 scores, one loss a pixel on whole images: that stayed. Instead of skips it dilates "
            "filters so that the map is less coarse, and pools context at several scales.",
        ),
    ),
)
