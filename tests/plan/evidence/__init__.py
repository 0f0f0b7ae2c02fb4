"""What the memory estimate's constants were derived from: public figures, none of them of the
measurement file that tests/plan/accuracy holds the estimate against.
"""
