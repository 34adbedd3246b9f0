"""One outside thing each, behind the ports of `app.ports`."""
