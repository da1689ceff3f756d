"""How the property tests run: the same examples each time, however busy the machine is.

Who looks for new counterexamples chooses the other profile:
`pytest --hypothesis-profile=search tests/transform`.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "search", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("fixed", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile("fixed")
