"""Where `Segmenter` stood before `fcn_core.segmenting`: scripts of users import it from here. New code does not."""

from fcn_core.segmenting.segmenter import Segmenter

__all__ = ["Segmenter"]
