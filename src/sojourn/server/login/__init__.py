"""Signing people in: the pipeline from what a form said to an authentication event, and the decision what comes next.

Below are the services; above are the pages, which ask here and show what is needed.
"""
