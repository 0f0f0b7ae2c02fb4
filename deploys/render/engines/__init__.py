"""One room per engine: a replica of the plan as the words its container takes."""
