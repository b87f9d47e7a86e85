import sys
from pathlib import Path

# The measurements are run from the clone and never installed, so that pytest has to be told where they are.
sys.path.append(str(Path(__file__).resolve().parents[2]))
