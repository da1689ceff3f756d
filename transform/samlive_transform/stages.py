"""Which names are not one person's stage.

A stage is one person's sandbox, in which every function is replaced by a stub.
Names that read like a shared or productive environment are never one, wherever
they come from: the price of renaming a sandbox is nothing beside that of
turning production into stubs.
"""

REFUSED_STAGES = frozenset(
    "admin administrator default live main master preprod prd prod production release root "
    "staging stg".split()
)
PRODUCTION_WORDS = frozenset(("live", "prd", "prod", "production"))


def looks_shared(name: str) -> bool:
    """Tell whether a stage name reads like an environment that is not one person's."""
    words = set(name.lower().split("-"))
    return name.lower() in REFUSED_STAGES or bool(words & PRODUCTION_WORDS)
