"""The `schouw` command: one sub-command per job, no logic of its own."""
