"""Pictures of a network: its layers and connections, how its receptive field grows, and where its costs lie."""
