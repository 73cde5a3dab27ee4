"""TensorBoard starts without TensorFlow's messages, and says where it is."""

import re
import sys
from urllib.request import urlopen

from conftest import Project


def test_it_prints_its_address_and_nothing_of_tensorflows(project: Project) -> None:
    with project.start(sys.executable, "src/octet", "tensorboard", "--port", "0") as process:
        assert process.stdout and process.stderr
        lines = []
        for line in process.stderr:
            lines.append(line)
            if address := re.search(r"http://\S+", line):
                with urlopen(address[0]) as page:
                    assert b"TensorBoard" in page.read()
                process.terminate()
                break
        assert process.wait() == 0
        assert process.stdout.read() == ""
    (line,) = lines
    assert line.startswith("TensorBoard ")
