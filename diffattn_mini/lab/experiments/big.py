"""The big run: a character model of four layers, on one process or on several, taken up again after a kill.

    torchrun --nproc-per-node 2 -m diffattn_mini.lab.experiments.big --attention diff2

It is no sweep: one seed, one rate, so it shows a curve and proves nothing by itself. The checkpoint lies in
_build/big/ATTENTION, the curve goes to book/results/big-ATTENTION.json.
"""

import argparse
import json
import os
import time
from pathlib import Path

import torch
import torch.distributed as dist

from ...attention.family import KINDS
from ...models.transformer import Config, MiniGPT
from ..training import share, train
from .language import TEXT, loss, loss_on_new_text
from .sweep import RESULTS, provenance, write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m diffattn_mini.lab.experiments.big")
    parser.add_argument("--attention", choices=KINDS, default="standard")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=16, help="texts of a step, over all processes together")
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--checkpoint", type=Path, default=Path("_build/big"), help="the folder of the checkpoints")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the folder of the results")
    options = parser.parse_args()
    if "WORLD_SIZE" in os.environ:  # under torchrun
        dist.init_process_group("gloo")
    first = not dist.is_initialized() or dist.get_rank() == 0
    torch.manual_seed(0)
    model = MiniGPT(Config(TEXT.vocabulary, options.dim, n_heads=4, n_layers=4, attention=options.attention))

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        inputs, targets = TEXT.batch(options.batch, options.length, step)
        return share(inputs), share(targets)

    settings = {key: value for key, value in vars(options).items() if key not in ("checkpoint", "output")}
    started = time.time()
    history = train(model, batch, loss, options.steps, options.rate, checkpoint=options.checkpoint / options.attention,
                    every=100, evaluate=lambda model: {"new_text": loss_on_new_text(model, options.length, 64)},
                    progress=first, settings=settings)  # fmt: skip
    path = options.output / f"big-{options.attention}.json"
    if first and path.exists() and json.loads(path.read_text(encoding="utf-8"))["records"] == history:
        print(f"{path} holds this run already")  # as it was stored, with its own date and commit
    elif first:
        words = (f"--{key} {value}" for key, value in settings.items())
        head = {"name": path.stem, "settings": settings,
                "command": " ".join(["python -m diffattn_mini.lab.experiments.big", *words]),
                "processes": int(os.environ.get("WORLD_SIZE", 1)), **provenance(),
                "parameters": sum(p.numel() for p in model.parameters()),
                "seconds": round(time.time() - started, 1)}  # fmt: skip
        write(path, head | {"records": history})
        print(path, json.dumps(history[-1]))
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
