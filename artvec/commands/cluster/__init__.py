"""The command `cluster`: what groups there are in a collection, and how good they are."""

from artvec.commands.cluster.cluster_options import ClusterOptions
from artvec.commands.cluster.cluster_report import ClusterReport, LabelTable
from artvec.commands.cluster.clustering import cluster_collection, expect

__all__ = ["ClusterOptions", "ClusterReport", "LabelTable", "cluster_collection", "expect"]
