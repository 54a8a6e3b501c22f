"""How footage arrives: announced, received byte by byte, known by its content."""
