"""Tables on a terminal."""

from collections.abc import Sequence

GAP = "  "


def format_table(
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
    indent: str = "",
    spare: Sequence[int] = (),
    room: int | None = None,
) -> str:
    """Rows of cells, the head first, as lines with columns of equal width; `right` are aligned to the right.

    spare: columns that are left out, the first of them first, while a line needs more than room characters; None
    for no limit.
    """
    widths = dict(enumerate(max(map(len, column)) for column in zip(*rows, strict=True)))
    for index in spare:
        if room is None or sum(widths.values()) + len(GAP) * (len(widths) - 1) + len(indent) <= room:
            break
        del widths[index]
    lines = (
        GAP.join(
            row[index].rjust(width) if index in right else row[index].ljust(width)
            for index, width in widths.items()
        )
        for row in rows
    )
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)
