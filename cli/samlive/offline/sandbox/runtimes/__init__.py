"""Stand-ins for the bootstraps of AWS's managed runtimes.

Each is alone in its folder: Python puts the folder of a script first on the
import path, and a neighbour must never be imported in place of a module of
the function or of the standard library.
"""
