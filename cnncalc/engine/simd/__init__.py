"""Vectors of 16 float32 as values of ordinary compiled code: what the kernels are written in."""
