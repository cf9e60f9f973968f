"""What one would write without artvec: scikit-learn's PCA, then the hdbscan package."""

from __future__ import annotations

import json
import math
import sys
import time

import numpy as np
from hdbscan import HDBSCAN
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize

vectors = np.load(sys.argv[1])
started = time.perf_counter()
points = PCA(50, random_state=0).fit_transform(normalize(vectors))
least = max(5, round(math.sqrt(len(vectors)) / 2))
model = HDBSCAN(min_cluster_size=least, min_samples=2).fit(points)
seconds = time.perf_counter() - started
np.save(sys.argv[2], model.labels_)
print(json.dumps({"seconds": seconds, "clusters": int(model.labels_.max()) + 1}))
