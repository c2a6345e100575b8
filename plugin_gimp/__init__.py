"""RetouchML's filter in GIMP 3: Filters > RetouchML > Beautify…

It sends a layer to the daemon and puts the answer onto a new layer. GIMP and GEGL do all arithmetic.
"""
