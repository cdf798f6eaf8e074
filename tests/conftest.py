"""One thread for the tests' small tensors: more only wait for one another, for minutes where other work runs too."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
