"""The parts of the site that are our own: docstrings, examples that are run, source pages, the check of links."""
