"""The verb `train`: teach a backbone the labels of a collection, and say whether it helped."""

from artvec.train.kept import begun, check_place
from artvec.train.options import NOBODY, RUNS, Listener, TrainOptions, run_named, unfinished
from artvec.train.plan import Plan, collection_of_run
from artvec.train.rates import rate_curve
from artvec.train.report import PhaseReport, TrainReport
from artvec.train.run_files import figures_record
from artvec.train.verb import train
from artvec.train.wishes import Wishes, plan_of

__all__ = [
    "NOBODY",
    "RUNS",
    "Listener",
    "PhaseReport",
    "Plan",
    "TrainOptions",
    "TrainReport",
    "Wishes",
    "begun",
    "check_place",
    "collection_of_run",
    "figures_record",
    "plan_of",
    "rate_curve",
    "run_named",
    "train",
    "unfinished",
]
