"""A window that shows pictures one after the other."""

import time
import tkinter
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageTk

from octet.commands.looking.stills import Pixels
from octet.common.errors import UserError

_SHARE = 0.9  # of the screen, at most
_PAUSE = 0.03  # s between two checks for a key; Tk's own waiting would delay Ctrl-C


class Window:
    """Shows one picture at a time, until somebody closes it."""

    def __init__(self, root: tkinter.Tk) -> None:
        self._root = root
        self._label = tkinter.Label(root)
        self._label.pack()
        self._shown: ImageTk.PhotoImage | None = None  # Tk itself keeps no reference to it
        self._pressed = False
        self.is_open = True
        root.bind("<Key>", self._press)
        root.protocol("WM_DELETE_WINDOW", self._close)

    def show(self, picture: Pixels, wait_for_key: bool) -> None:
        """Replace the picture that is shown, and then wait for a key if asked to."""
        image = Image.fromarray(picture)
        image.thumbnail((self._root.winfo_screenwidth() * _SHARE, self._root.winfo_screenheight() * _SHARE))
        self._shown = ImageTk.PhotoImage(image, master=self._root)
        self._label.configure(image=self._shown)
        self._pressed = False
        self._root.update()
        while wait_for_key and self.is_open and not self._pressed:
            time.sleep(_PAUSE)
            self._root.update()

    def _press(self, event: tkinter.Event) -> None:
        self._pressed = bool(event.char)  # not Alt alone, nor Shift

    def _close(self) -> None:
        self.is_open = False


@contextmanager
def open_window(title: str) -> Iterator[Window]:
    """Open a window, where there is a screen, and close it in the end."""
    try:
        root = tkinter.Tk(className=title)
    except tkinter.TclError as error:
        raise UserError(f"--show needs a screen: {error}") from None
    try:
        yield Window(root)
    finally:
        root.destroy()
