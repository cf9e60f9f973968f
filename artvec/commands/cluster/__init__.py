"""The command `cluster`: what groups there are in a collection, and how good they are."""

from artvec.commands.cluster.cluster_options import ClusterOptions
from artvec.commands.cluster.cluster_report import ClusterReport, LabelTable
from artvec.commands.cluster.clustering import cluster_collection, expect
from artvec.commands.cluster.findings import Findings, LabelEvaluation, collect_findings

__all__ = [
    "ClusterOptions",
    "ClusterReport",
    "Findings",
    "LabelEvaluation",
    "LabelTable",
    "cluster_collection",
    "collect_findings",
    "expect",
]
