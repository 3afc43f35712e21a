"""From YAML text to a Graph."""
