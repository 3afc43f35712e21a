"""Sets a quiz: questions with plain numbers on small networks, or on a network that is given."""
