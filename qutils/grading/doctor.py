"""Say how safely this machine can grade what learners hand in."""

from qutils.grading.sandbox import SOUND, Layer, probe

_NOT_USED = {
    "bubblewrap": "it would make the namespaces and mounts that this grader makes itself",
    "cgroups": "a hand-in is one process and one folder: both are capped",
}


def report() -> tuple[Layer, ...]:
    """Return every layer of the sandbox, active or missing, tried on this machine."""
    return probe().layers


def text(layers: tuple[Layer, ...]) -> str:
    """Return the report in words: a line for each layer, what is not used, then the verdict.

    Examples
    --------
    >>> print(text((Layer("seccomp", False, "the kernel lacks it", "Use another kernel."),)))
    seccomp     missing  the kernel lacks it
                         Use another kernel.
    bubblewrap  unused   it would make the namespaces and mounts that this grader makes itself
    cgroups     unused   a hand-in is one process and one folder: both are capped
    Learners' notebooks cannot be graded on this machine: none of these sets is complete.
      limits, namespaces, seccomp
      landlock, limits, seccomp
    """
    lines = []
    for layer in layers:
        lines.append(f"{layer.name:11} {'active ' if layer.active else 'missing'}  {layer.why}")
        lines += [f"{'':21}{line}" for line in layer.remedy.splitlines()]
    lines += [f"{name:11} unused   {why}" for name, why in _NOT_USED.items()]
    active = {layer.name for layer in layers if layer.active}
    if any(needed <= active for needed in SOUND):
        lines.append("Learners' notebooks can be graded on this machine.")
    else:
        lines.append(
            "Learners' notebooks cannot be graded on this machine: none of these sets is complete."
        )
        lines += ["  " + ", ".join(sorted(needed)) for needed in SOUND]
    return "\n".join(lines)
