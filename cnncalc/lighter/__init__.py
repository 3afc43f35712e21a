"""Lighter networks: fewer channels, weights set to zero, numbers of fewer bits; and what each of them saves.

`read_wishes` reads the options, `lighten` applies them and counts. Nothing is run here and no weight is looked at:
`verify.lighter` does that.
"""

from __future__ import annotations

from cnncalc.lighter.lighten import lighten
from cnncalc.lighter.lightened import Lightened, Pool, Saving, Stored
from cnncalc.lighter.wishes import QUANTIZED, SCALES, Wish, Wishes, read_wishes

__all__ = ["QUANTIZED", "SCALES", "Lightened", "Pool", "Saving", "Stored", "Wish", "Wishes", "lighten", "read_wishes"]
