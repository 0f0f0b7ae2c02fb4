"""Cases of a measurement file, in that file's own words, as questions to the estimator."""
