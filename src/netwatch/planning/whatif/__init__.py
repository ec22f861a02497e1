"""What if: a scenario changes what is known, and everything is judged again, without reading history."""

from netwatch.planning.whatif.apply import Applied, apply
from netwatch.planning.whatif.effects import Adjustable, Effects
from netwatch.planning.whatif.run import WhatIf, what_if
from netwatch.planning.whatif.scenario import Scenario, load_scenario

__all__ = ["Adjustable", "Applied", "Effects", "Scenario", "WhatIf", "apply", "load_scenario", "what_if"]
