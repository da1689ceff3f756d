"""The commands beside `dev`, one module each: `run(settings, ...) -> exit status`."""
