"""The package behind the lectures of *Downhill*, a course on how neural networks are optimised.

Start reading at ``rules``: every update rule of the course is one function there.
"""

import os

# torch's threads wait for each other by spinning. Where two processes share two cores (two lectures open at once, or
# the tests), each spins while the other should work: training a small network then took 20 times as long and more, on a
# two-core machine. Waiting passively costs nothing measurable. torch reads this when it is loaded: import us first.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
