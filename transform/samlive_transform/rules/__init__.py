"""The rules of the rewrite, one module each, applied in the order of RULES."""
