"""Colours as CSS and Markdown write them."""

from __future__ import annotations

from fcn_core.labels import Colour


def hex_colour(colour: Colour) -> str:
    """A colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def swatch(colour: Colour) -> str:
    """A small square of a colour, in Markdown."""
    return f':color[\u2003\u2002]{{background="{hex_colour(colour)}"}}'
