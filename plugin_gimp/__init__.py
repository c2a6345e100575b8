"""The filter in GIMP 3: Filters > RetouchML > Beautify…

It is thin: it sends a layer to the daemon, and puts what comes back onto a new layer. GIMP's and GEGL's own
functions do all arithmetic.
"""
