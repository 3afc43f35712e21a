"""What people ask of networks: how two compare, which arguments give a shape, what many of them cost."""
