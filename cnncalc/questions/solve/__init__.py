"""The inverse: which settings give a wanted size, receptive field or cost. All of them in a range, or why none does.

`window`: one kernel sliding along one axis. `axes`: such a kernel over an image. `field`: how many layers see so much.
`network`: a layer's arguments, a spec's vars or its input. `proof`: why a single unknown has no solution at all.
"""
