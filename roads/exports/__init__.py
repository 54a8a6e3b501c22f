"""A road map passed on: every format that planners and their programs read."""
