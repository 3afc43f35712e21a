"""How each tool counts, as data (one TOML file a tool), and what makes its number differ from the exact count.

    count(graph, "fvcore").total, count(graph, "fvcore").items

`read` checks the files, `quantities` names what their expressions weigh, `count` is the pass.
"""

from cnncalc.conventions.count import Count, Item, count, counts
from cnncalc.conventions.read import TOOLS

__all__ = ["TOOLS", "Count", "Item", "count", "counts"]
