"""Folders of profiles over each other: what a user writes may replace what is shipped, not break it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netwatch.errors import Problem
from netwatch.model import Catalogue
from netwatch.profiles.compiling.compiler import Compiler, Made, Source, reached

__all__ = ["compile_layers"]

Layer = Mapping[str, Source]


def compile_layers(layers: Sequence[Layer], catalogue: Catalogue) -> tuple[dict[str, Made], list[Problem]]:
    """Compiles profiles; one of a later layer replaces that of the same name. A replacement that is wrong is
    refused, and so is one that profiles of the first layer can't be built on: what it would have replaced
    goes on."""
    first: Layer = layers[0] if layers else {}
    alone = Compiler(first, catalogue)
    alone.compile(first)
    stacks: dict[str, list[Source]] = {}
    for layer in layers:
        for name, source in layer.items():
            stacks.setdefault(name, []).append(source)
    refused: list[Problem] = []
    while True:
        sources = {name: stack[-1] for name, stack in stacks.items()}
        own = {name for name, source in sources.items() if source is not first.get(name)}
        untouched = {
            name: made
            for name, made in alone.made.items()
            if name not in own and own.isdisjoint(reached(name, sources))
        }
        compiler = Compiler(sources, catalogue, untouched)
        compiler.compile(sources)
        guilty = _wrong_replacements(compiler, stacks) or _breaking(compiler, own, alone.made)
        if not guilty:
            last = [problem for problems in compiler.problems.values() for problem in problems]
            return {name: compiler.made[name] for name in sources if name in compiler.made}, refused + last
        for name, problems in guilty.items():
            gone = stacks[name].pop()
            message = f"the profile {name!r} of {stacks[name][-1].document.file} goes on in its place"
            refused += [
                *problems,
                gone.document.problem(["profile"], message, "correct this file or remove it"),
            ]


def _wrong_replacements(
    compiler: Compiler, stacks: Mapping[str, Sequence[Source]]
) -> dict[str, list[Problem]]:
    return {name: found for name, found in compiler.problems.items() if len(stacks[name]) > 1}


def _breaking(compiler: Compiler, own: set[str], good: Mapping[str, Made]) -> dict[str, list[Problem]]:
    """Replacements that profiles which are good without them stand on."""
    broken: dict[str, list[str]] = {}
    for name in compiler.problems:
        if name in good and name not in own:
            for other in own & reached(name, compiler.sources) & good.keys():
                broken.setdefault(other, []).append(name)
    found = {}
    for name, victims in broken.items():
        reason = next(one for victim in victims for one in compiler.problems[victim])
        who = repr(victims[0]) if len(victims) == 1 else f"{victims[0]!r} and {len(victims) - 1} more"
        message = f"{who} can't be built on this one any more: {reason}"
        hint = "keep what they use of the shipped one, or give this one another name"
        found[name] = [compiler.sources[name].document.problem(["profile"], message, hint)]
    return found
