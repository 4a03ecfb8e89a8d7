"""What the server's parts stand on: configuration, context, keys, the Session Manager, users, clients, events.

Below are `store`, `wire` and `model`; above are `login`, `grants`, `pages`, `endpoints` and `app`.
"""
