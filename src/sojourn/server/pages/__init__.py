"""Pages: what people see, server-rendered and working without script, and the handlers of their forms.

`site` holds the parts, `browser` the sign-ins of one browser, `interactions` the page flows; every step of a flow goes
back to the dispatcher in `endpoints` and knows no next. Below are `login` and the services.
"""
