"""The verb `cluster`: what groups there are in a collection, and how good they are."""

from artvec.cluster.options import ClusterOptions
from artvec.cluster.report import ClusterReport, LabelTable
from artvec.cluster.verb import cluster, expect

__all__ = ["ClusterOptions", "ClusterReport", "LabelTable", "cluster", "expect"]
