"""The Session Manager: the user's tree of sign-ins, client sessions, grants and tokens, and all that is done to it.

`tree` reads paths and ends nodes; `signins`, `grants`, `minting`, `redemption` and `rotation` each grow one kind of
node; `story` explains them; `manager` puts them together and `blocking` is its synchronous face. Endpoints come
here alone.
"""
