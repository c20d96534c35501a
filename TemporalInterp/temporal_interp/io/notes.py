"""Notes that several readers give, and that others look for in a sequence's notes."""

PIXEL_SIZE_NOTE = "The file does not say, or not for certain, how large its pixels are; 1 mm was taken."

COLOUR_NOTE = "Colour was turned into luminance."
