"""Endpoints: what programs call, one file each, and the authorization flow. `checks` holds the ordered table of
authorization checks, `dispatcher` decides what a flow needs next, `rendering` is one of the two places where errors
become answers. Below are pages, grants, login and the services.
"""
