"""Grading a class: every file in a worker of its own limits, whatever the files hold, and what comes of all of them."""
