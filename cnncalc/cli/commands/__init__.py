"""The commands, one a file: `HELP`, `EXAMPLE`, and the function of the file's name."""
