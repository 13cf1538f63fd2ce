"""The desk: the web pages where people see what Crossdock did and why."""
