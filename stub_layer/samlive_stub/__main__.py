"""Entry of the layer: `python -S -E -I /opt/samlive` runs the folder that holds this file."""

from samlive_stub.runtime import main

raise SystemExit(main())
