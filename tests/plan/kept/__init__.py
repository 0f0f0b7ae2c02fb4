"""What the planner said when it was last held against the engines, so that no change goes unseen.

Run as `python -m tests.plan.kept`, it keeps what the planner says now.
"""
