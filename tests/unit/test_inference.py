"""Neural models compute on one thread."""

import subprocess
import sys


def test_numpy_starts_no_threads_of_its_own() -> None:
    program = (
        "import audio_gateway.providers.embedded.engines\n"
        "import numpy, os\n"
        "matrix = numpy.ones((600, 600), numpy.float32)\n"
        "matrix @ matrix\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PATH": ""}, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["1"]
