"""The package behind the lectures of *Downhill*, a course on how neural networks are optimised.

Start reading at ``rules``: every update rule of the course is one function there.
"""

import os

# torch's threads wait for each other by spinning. Where two processes share two cores (two lectures open at once, or
# the tests), each spins while the other should work: training a small network then took 20 times as long and more, on a
# two-core machine. Waiting passively costs nothing measurable. torch reads this when it is loaded: import us first.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# glibc returns the memory of a large tensor to the system as soon as the tensor is gone, and the next training step
# gets it back page by page, which can take longer than the step's arithmetic. Once it has seen one block of almost
# 32 MB come and go, it keeps them: see M_MMAP_THRESHOLD in mallopt(3). Elsewhere than on Linux, this does nothing.
bytearray(31 << 20)
