"""How we know: tasks, training, measures, experiments, and how fast it is."""
