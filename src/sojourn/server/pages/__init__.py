"""The pages a person sees: a handler a page, over `render`, which turns a view into HTML.

Below stand `grants`, `login` and `services`; above, `endpoints` and `app`.
"""
