"""The parts of `loop.py`: one module per thing it measures."""
