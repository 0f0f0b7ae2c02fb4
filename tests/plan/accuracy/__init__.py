"""How near the estimator comes to published measurements: `python -m tests.plan.accuracy`.

No constant of the estimator was fitted to the file: what no rule of an engine gives follows from
other figures (tests/plan/evidence).
"""
