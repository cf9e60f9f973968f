"""An opened collection, and every command on it as a method."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from artvec.api.files import Files
from artvec.api.inputs import Crop, detail_of, place_of, refuse_folder
from artvec.api.progress import show_notes, shown_progress
from artvec.core.choices import ClusterMethod, MapMethod
from artvec.core.errors import ArtvecError

if TYPE_CHECKING:
    import numpy.typing as npt

    from artvec.api.comparison import Comparison
    from artvec.api.hits import Hits
    from artvec.api.results import (
        Clusters,
        Duplicates,
        Evaluation,
    )
    from artvec.api.run import Run
    from artvec.commands.search.queries import QueryInput


class Collection(Files):
    """An opened collection: the embeddings of a folder of images by one encoder.

    Its rows are those of the moment it was opened, whatever is embedded later. Several threads
    may use it. Another process opens it anew (which is what pickling does).

    Args:
        folder: That holds `collection.json`.

    Raises:
        ArtvecError: It is damaged, or was never finished.

    Example:
        >>> with artvec.open("paintings") as paintings:
        ...     hits = paintings.search("query.jpg", k=5)
    """

    @overload
    def search(
        self,
        query: list[Any] | tuple[Any, ...],
        k: int = 5,
        *,
        where: str | None = None,
        crop: Crop | None = None,
        unique: bool = False,
        exclude_self: bool = False,
        exact: bool = False,
    ) -> list[Hits]: ...

    @overload
    def search(
        self,
        query: str | PathLike[str] | npt.NDArray[Any] | Any,
        k: int = 5,
        *,
        where: str | None = None,
        crop: Crop | None = None,
        unique: bool = False,
        exclude_self: bool = False,
        exact: bool = False,
    ) -> Hits: ...

    def search(
        self,
        query: QueryInput | list[QueryInput] | tuple[QueryInput, ...],
        k: int = 5,
        *,
        where: str | None = None,
        crop: Crop | None = None,
        unique: bool = False,
        exclude_self: bool = False,
        exact: bool = False,
    ) -> Hits | list[Hits]:
        """Find the rows most similar to a query, by cosine similarity.

        Args:
            query: An image file, a row's path (an existing file comes first), a PIL image, a
                (H, W, 3) uint8 array or a (dim,) vector; or a list of these.
            k: Hits a query.
            where: Condition on columns that rows must meet, e.g. `"year < 1700"`.
            crop: Left, top, width and height of the part to search by; shares of the image where
                any is a float, else pixels.
            unique: Show an image once, however many rows have it.
            exclude_self: Leave out the query's own row.
            exact: Scan every row, whatever index there is.

        Returns:
            The hits, best first; of a list, one result per query, in its order.

        Raises:
            ArtvecError: A query can't be read, the condition isn't understood, or the collection
                is closed.

        Example:
            >>> hits = paintings.search("query.jpg", k=5, where="year < 1700")
            >>> hits[0].path
            'baroque/a.jpg'
        """
        from artvec.api.hits import hits_of
        from artvec.commands.search import SearchOptions
        from artvec.commands.search.searching import search_rows

        opened = self._rows()
        queries = list(query) if isinstance(query, list | tuple) else [query]
        for one in queries:
            refuse_folder(one)
        options = SearchOptions(
            k=k,
            where=where,
            crop=detail_of(crop),
            unique=unique,
            exclude_self=exclude_self,
            exact=exact,
        )
        report = search_rows(opened, queries, options, self._encoder)
        if report.errors:
            why = report.errors[0]
            message = f"{why.query}: {why.reason} ({why.message})"
            raise ArtvecError(message, "give an image file, or a path out of .paths")
        show_notes(report.notes)
        found = hits_of(report)
        return found if isinstance(query, list | tuple) else found[0]

    def evaluate(
        self,
        *,
        gallery: str = "train",
        queries: str = "test",
        group: str | None = None,
        ensemble: Sequence[Run | str | PathLike[str]] = (),
        concat: Sequence[Collection | Run | str | PathLike[str]] = (),
        allow_leak: bool = False,
    ) -> Evaluation:
        """Measure the embeddings by their labels: leaks first, then figures with 95 % intervals.

        Args:
            gallery: Split that is searched and learned from.
            queries: Split that is asked about.
            group: Column whose values are resampled as a whole; None for the collection's own.
            ensemble: Runs whose heads are averaged.
            concat: Collections whose vectors are put beside these, each at length 1.
            allow_leak: Report queries that a run was trained on, instead of refusing.

        Raises:
            ArtvecError: There are no labels or no such split, or a query was a training image.

        Example:
            >>> paintings.evaluate().to_dict()["metrics"]["knn20_accuracy"]["value"]
            1.0
        """
        from artvec.api.results import Evaluation
        from artvec.commands.evaluate import EvaluateOptions, evaluate_collection

        self._rows()
        options = EvaluateOptions(
            gallery,
            queries,
            group,
            tuple(Path(place_of(run)) for run in ensemble),
            tuple(map(place_of, concat)),
            allow_leak,
        )
        with shown_progress(f"evaluating {self.name}") as progress:
            report = evaluate_collection(self.folder, options, progress=progress)
        show_notes(report.notes)
        return Evaluation(report)

    def cluster(
        self,
        *,
        method: ClusterMethod = "hdbscan",
        clusters: int | None = None,
        min_cluster_size: int | None = None,
        map: MapMethod | None = None,
        new_map: bool = False,
        seed: int = 0,
    ) -> Clusters:
        """Group the images; groups and map are stored with the collection.

        Args:
            method: `hdbscan` finds how many groups there are, and leaves noise out.
            clusters: How many, for the other methods; None to choose.
            min_cluster_size: Of hdbscan; None for half the square root of the rows, at least 5.
            map: None for the stored map, else UMAP.
            new_map: Make the map anew although there is one.
            seed: Of k-means and the map.

        Raises:
            ArtvecError: The arguments contradict each other, or there are too few rows.

        Example:
            >>> paintings.cluster(method="kmeans", clusters=3, map="none").to_dict()["n_clusters"]
            3
        """
        from artvec.api.results import Clusters
        from artvec.commands.cluster import ClusterOptions, cluster_collection

        self._rows()
        options = ClusterOptions(method, clusters, min_cluster_size, map, new_map, seed)
        with shown_progress(f"grouping {self.name}") as progress:
            report = cluster_collection(self.folder, options, progress)
        show_notes(report.notes)
        return Clusters(report)

    def duplicates(self, *, looks: int = 5000) -> Duplicates:
        """Find files that show the same image, the best of each first; nothing is deleted.

        Args:
            looks: Compare at most so many close pairs by their images, which finds crops; 0 opens
                no image.

        Example:
            >>> len(paintings.duplicates())
            0
        """
        from artvec.api.results import Duplicates
        from artvec.commands.duplicates import find_duplicates

        self._rows()
        with shown_progress(f"comparing {self.name}") as progress:
            report = find_duplicates(self.folder, looks=looks, progress=progress)
        show_notes(report.notes)
        return Duplicates(report)

    def compare(self, *others: Collection | Run | str | PathLike[str]) -> Comparison:
        """Compare this encoder with others on the images that all have; see `artvec.compare`."""
        from artvec.api.actions import compare

        self._rows()
        return compare(self, *others)

    def train(
        self,
        *,
        recipe: str | None = None,
        name: str | None = None,
        labels: Sequence[str] = (),
        epochs: int | None = None,
        seed: int | None = None,
        seeds: int = 1,
    ) -> Run:
        """Teach this collection's backbone its labels; see `artvec.train`."""
        from artvec.api.actions import train

        self._rows()
        return train(
            self, recipe=recipe, name=name, labels=labels, epochs=epochs, seed=seed, seeds=seeds
        )
