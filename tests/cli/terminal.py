"""A process that writes to a terminal."""

import os


def read_terminal(start):
    """What start(terminal) returns, a process, and all that it writes to the terminal until it closes it."""
    controller, terminal = os.openpty()
    process = start(terminal)
    os.close(terminal)
    text = b""
    try:
        while chunk := os.read(controller, 4096):
            text += chunk
    except OSError:  # how Linux tells that nobody has the other end open
        pass
    os.close(controller)
    return process, text.decode()
