"""One table of the band's structs, and what is generated from it."""
