"""How near the estimator comes to published measurements: `python -m tests.plan.accuracy`.

No constant of the estimator was fitted to the file, with the one exception that `exceptions.py`
names and the report prints: its rows say nothing of accuracy and only notice a change. Constants
that no rule of an engine gives follow from other figures (tests/plan/evidence).
"""
