"""The command `train`: teach a backbone the labels of a collection, and say whether it helped."""

from artvec.commands.train.learning_rate import rate_curve
from artvec.commands.train.plan import Plan, collection_of_run
from artvec.commands.train.plan_overrides import PlanOverrides, plan_of
from artvec.commands.train.run_checkpoints import begun, check_place
from artvec.commands.train.run_files import figures_record
from artvec.commands.train.train_options import NOBODY, Listener, TrainOptions, unfinished
from artvec.commands.train.train_report import PhaseReport, TrainReport
from artvec.commands.train.train_request import TrainRequest, prepare_resumed_run, prepare_run
from artvec.commands.train.training_run import run_training

__all__ = [
    "NOBODY",
    "Listener",
    "PhaseReport",
    "Plan",
    "PlanOverrides",
    "TrainOptions",
    "TrainReport",
    "TrainRequest",
    "begun",
    "check_place",
    "collection_of_run",
    "figures_record",
    "plan_of",
    "prepare_resumed_run",
    "prepare_run",
    "rate_curve",
    "run_training",
    "unfinished",
]
