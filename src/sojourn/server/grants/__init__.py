"""Grant types: one file each, and the registry. The token endpoint owns the shared phases; a grant type answers five
questions: its name, whether a public client may use it, which scopes it allows, whose subject it is for, what to issue.
"""
