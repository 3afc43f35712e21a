"""Foreign formats, one file each, imported when used: weights, images, arrays."""
