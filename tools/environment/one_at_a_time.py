"""Run a command while nobody else runs one with the same lock file, which this creates; wait where somebody does.

Usage:  python3 one_at_a_time.py LOCK COMMAND...
"""

import fcntl
import os
import sys
from pathlib import Path


def main() -> None:
    lock, command = Path(sys.argv[1]), sys.argv[2:]
    lock.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(lock, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waiting for another make, which is setting up {lock.parent}", flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    os.set_inheritable(file, True)  # the lock is held until the command has ended, however it ends
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
