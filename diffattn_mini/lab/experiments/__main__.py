"""python -m diffattn_mini.lab.experiments list | run NAME | show NAME"""

import argparse
import dataclasses
import sys
from pathlib import Path

from . import experiments, stored, sweep
from .sweep import RESULTS
from .verdict import show


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m diffattn_mini.lab.experiments")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every experiment, and whether its result is stored")
    for name, help in (("run", "run an experiment, or what is left of it"), ("show", "the summary of a stored result")):
        command = commands.add_parser(name, help=help)
        command.add_argument("names", nargs="+", metavar="NAME", help="of an experiment; or all")
        command.add_argument("--output", type=Path, default=RESULTS, help="the folder of the results")
        if name == "run":
            command.add_argument("--jobs", type=int, help="processes, by default one a processor")
            command.add_argument("--dask", metavar="ADDRESS", help="run on this Dask cluster instead")
            command.add_argument("--extend", action="store_true", help="run only what the stored result lacks")
            command.add_argument("--seeds", type=int, nargs="+", help="other seeds than the experiment's own")
    options = parser.parse_args()
    known = experiments()
    if options.command == "list":
        for experiment in known.values():
            state = "stored " if (RESULTS / f"{experiment.name}.json").exists() else "not run"
            print(f"{experiment.name:<24} {state}  {experiment.size():>4} runs  {experiment.question['en']}")
        for path in sorted(RESULTS.glob("big-*.json")):
            print(f"{path.stem:<24} stored      1 run   One curve: python -m diffattn_mini.lab.experiments.big")
        return
    for name in known if options.names == ["all"] else options.names:
        if name not in known:
            sys.exit(f"there is no experiment {name!r}; choose from {', '.join(known)}")
        if options.command == "run":
            experiment = known[name]
            if options.seeds:
                experiment = dataclasses.replace(experiment, seeds=tuple(options.seeds))
            sweep(experiment, options.jobs, options.dask, options.output, extend=options.extend)
        try:
            show(stored(name, options.output))
        except FileNotFoundError as missing:
            sys.exit(str(missing))


if __name__ == "__main__":
    main()
