"""Pages and slides from the executed notebooks (``make site``, ``make slides``), without a kernel, without network."""
