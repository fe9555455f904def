"""Pages and slides, made from the executed notebooks: ``make site``, ``make slides``. They need no kernel and no network."""
