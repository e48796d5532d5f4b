"""One painter for each kind of the demo museum: attributes, a random generator and a size in, pixels out."""
