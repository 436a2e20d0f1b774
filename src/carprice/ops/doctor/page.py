"""docs/troubleshooting.md from the checks: PYTHONPATH=src python -m carprice.ops.doctor.page > that file."""

import sys

from carprice.ops.doctor.diagnosis import FAMILIES

HEAD = """\
# When something is wrong

```
./carprice doctor
```

looks for everything on this page at once, on the stack that runs (or on the one you name with `--docker`,
`--local` or `--kubernetes OVERLAY`), and says what is wrong with its evidence, its cause and the command that
fixes it. It changes nothing. It exits with 0 when nothing is wrong and with 1 otherwise; `--json` is for programs.
`up` and `rollout` ask it when they fail.
"""


def write_manual() -> str:
    """The page as text."""
    lines = [HEAD]
    for number, family in enumerate(FAMILIES, 1):
        lines.append(f"## {number}. {family.title}\n")
        for check in family.checks:
            lines.append(f"### {check.name[:1].upper()}{check.name[1:]}\n")
            lines.append(f"- What you see: {check.symptom}.\n- Why: {check.cause}.\n- What to do: {check.fix}.\n")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(write_manual())
