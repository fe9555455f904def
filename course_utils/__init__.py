"""The package behind the lectures of *Downhill*, a course on how neural networks are optimised.

Start reading at ``rules``: every update rule of the course is one function there.
"""
