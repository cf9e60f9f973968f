"""`artvec train`: phases of training, each one judged on the same held-out pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from artvec_cli import options, training
from artvec_cli import training_options as given
from artvec_cli.options import examples
from artvec_cli.render import Output

if TYPE_CHECKING:
    from artvec.commands.train import Listener, TrainOptions, TrainReport
    from artvec.training.phase import Epoch

EPILOG = f"""A run learns from the pictures of the split train, chooses epochs and weights by val
(without one: by 15 % of train, which it then doesn't learn from) and is judged on test. Rows
without a label are left out. Flags change the phases that train the backbone, --set any phase:

\b
  frozen        the head alone, on stored embeddings: seconds
  two-phase     head, then the network's last blocks
  three-phase   head, last blocks, then a refinement at a twentieth of the rate
  scratch       everything, from random weights

{
    examples(
        "artvec train paintings",
        "artvec train ./paintings -m tf_efficientnet_lite0 --recipe two-phase --name styles",
        "artvec train paintings --rate 3e-4 --set refine.epochs=8 --watch photographs",
        "artvec train --resume --name styles",
        "artvec train --from runs/styles/run.json --seed 1",
        "artvec embed ./paintings -m runs/styles -i paintings-styles",
    )
}"""

_LOG = "tensorboard"


def train_command(
    source: given.Source = None,
    model: options.Model = None,
    recipe: given.Recipe = None,
    loss: given.Loss = None,
    head: given.Head = None,
    freeze_until: given.FreezeUntil = None,
    train_fraction: given.TrainFraction = None,
    label: given.Label = None,
    rate: given.Rate = None,
    epochs: given.Epochs = None,
    augment: given.Augment = None,
    anchor: given.Anchor = None,
    batch_size: options.BatchSize = None,
    settings: given.Settings = None,
    config: given.Config = None,
    repeat: given.Repeat = None,
    watch: given.Watch = None,
    name: given.Name = None,
    resume: given.Resume = False,
    seed: given.Seed = None,
    seeds: given.Seeds = 1,
    group: options.Group = None,
    index: options.Index = None,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    find_lr: given.FindRate = False,
    tensorboard: given.TensorBoard = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    as_json: options.Json = False,
) -> int:
    """Teach a backbone your labels, phase by phase, and say whether each phase helped."""
    from artvec.api.run import train_fields
    from artvec.commands.train import (
        PlanOverrides,
        TrainRequest,
        prepare_resumed_run,
        prepare_run,
        run_training,
    )
    from artvec.core.types import EncoderOptions

    output = Output(quiet, as_json)
    overrides = PlanOverrides(
        recipe=recipe,
        repeat=repeat,
        config=config,
        head=head,
        labels=tuple(label.split(",")) if label else (),
        seed=seed,
        watch=tuple(watch or ()),
        group=group,
        train_fraction=train_fraction,
        freeze_until=freeze_until,
        loss=loss,
        augment=augment,
        anchor=anchor,
        epochs=epochs,
        batch_size=batch_size,
        rate=rate,
        settings=tuple(settings or ()),
    )
    request = TrainRequest(
        source=source,
        model=model,
        index=index,
        group=group,
        overrides=overrides,
        name=name,
        seeds=seeds,
        encoder=EncoderOptions(device=device, precision=precision),
    )
    listener = _listener(output, None, verbose=verbose)
    wanted = prepare_resumed_run(request) if resume else prepare_run(request, listener)
    if find_lr:
        return _find_rate(wanted, output)
    if tensorboard:
        listener = _listener(output, wanted.run, verbose=verbose)
    report = run_training(wanted, listener)
    training.show(report, output)
    output.object(train_fields(report))
    return 0


def _listener(output: Output, logged: Path | None, *, verbose: bool) -> Listener:
    """Return who tells a user of stages, notes and epochs, and draws what a run found.

    Args:
        output: Of the command.
        logged: Run whose epochs, and those of its other seeds, TensorBoard can follow.
        verbose: Tell every epoch.
    """
    from artvec.commands.train import Listener
    from artvec.training.tensorboard import epoch_logger

    log = epoch_logger(logged / _LOG) if logged else None

    def began(run: Path) -> None:
        nonlocal log
        if log is not None:
            log = epoch_logger(run / _LOG)

    def epoch(ended: Epoch) -> None:
        if log is not None:
            log(ended)
        if verbose:
            output.notes([training.epoch_line(ended)])

    def draw(report: TrainReport) -> None:
        from artvec.reports.train import save_figures, write_page, write_tensorboard

        write_page(report, report.run / "report.html")
        save_figures(report, report.run / "figures")
        if logged is not None:
            write_tensorboard(report, report.run / _LOG)

    return Listener(output.progress, began, lambda text: output.notes([text]), epoch, draw)


def _find_rate(wanted: TrainOptions, output: Output) -> int:
    """Draw the range test of the first phase that trains the backbone; nothing is kept of it."""
    from artvec.commands.train import rate_curve
    from artvec.reports.train import save_rate_curve

    found = rate_curve(wanted, _listener(output, None, verbose=False))
    file = wanted.run.with_name(f"{wanted.run.name}-rates.png")
    file.parent.mkdir(parents=True, exist_ok=True)
    rates, losses = found.rates.tolist(), found.losses.tolist()
    save_rate_curve(rates, losses, found.suggested, file)
    output.line(f"the loss fell most steeply at {found.suggested:.2g}; the curve: {file}")
    output.line(f"try: --rate {found.suggested:.1g}")
    output.object({"suggested": found.suggested, "rates": rates, "losses": losses, "figure": file})
    return 0
