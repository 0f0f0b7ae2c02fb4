"""What monitors get: scrape targets, rules and dashboards that follow from the plan."""
