"""Brings a dev stage into the account: layer, artifacts, change sets."""
