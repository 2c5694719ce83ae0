"""Status: what goes on with the platform, told to everybody.

Who runs the platform announces maintenance, disturbances and attacks, says how they go on, and closes them; the public
reads them without a token, in his own language where there is a translation. A planned event begins and ends by the
clock, so that nobody has to be awake.
"""
