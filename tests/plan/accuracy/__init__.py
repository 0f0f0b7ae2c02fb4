"""How near the estimator comes to published measurements: `python -m tests.plan.accuracy`.

No constant of the estimator was fitted to the file, with the exceptions that `exceptions.py` names
and the report prints; what they would make true by themselves has rows of its own, which say
nothing of accuracy and only notice a change.
"""
