"""All attacks, by name."""

from attacks import faults, interpreter, judging, leaks, notebooks, protocol, secrets
from attacks.attack import Attack

_GROUPS = (judging, interpreter, secrets, leaks, notebooks, faults, protocol)

ATTACKS: dict[str, Attack] = {attack.name: attack for group in _GROUPS for attack in group.ATTACKS}
