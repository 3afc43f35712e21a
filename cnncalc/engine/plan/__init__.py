"""From a graph to the table that the machine runs: translation, passes, layout."""
