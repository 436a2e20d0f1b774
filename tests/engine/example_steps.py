"""Steps that the tests of engines run, in processes of their own too."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from carprice.errors import ListingsError


def double(inputs: Sequence[Path], output: Path, times: int = 2) -> None:
    """The text of all inputs, that often, and the process that did it in a file beside them."""
    output.write_text("".join(path.read_text() for path in inputs) * times)


def tell_process(inputs: Sequence[Path], output: Path) -> None:
    output.write_text(str(os.getpid()))


def scatter(inputs: Sequence[Path], output: Path) -> None:
    """A folder with a file for each letter."""
    output.mkdir()
    for number, letter in enumerate("".join(path.read_text() for path in inputs)):
        (output / f"{number}").write_text(letter)


def refuse(inputs: Sequence[Path], output: Path) -> None:
    output.write_text("half")
    raise ListingsError("cars.csv: is no table", "Look into it")


def end_process(inputs: Sequence[Path], output: Path) -> None:
    """End as the kernel ends a process where memory is short."""
    output.write_text("half")
    os._exit(9)


def write_slowly(inputs: Sequence[Path], output: Path, stop_at: str = "", mark: str = "") -> None:
    """Write half, say so by the file mark where the input is stop_at, and wait to be killed while it is there."""
    text = inputs[0].read_text()
    with output.open("w") as file:
        file.write(text)
        file.flush()
        if text == stop_at and (switch := inputs[0].parent / "switch").exists():
            (inputs[0].parent / "mark").write_text(str(os.getpid()))
            while switch.exists():
                time.sleep(0.01)
        file.write(text)
