"""The embedded cloud behind `--offline`; needs the extra samlive[offline]."""
