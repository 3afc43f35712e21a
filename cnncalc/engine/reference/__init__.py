"""The definition of each operation, as loops: what everything else is checked against."""
