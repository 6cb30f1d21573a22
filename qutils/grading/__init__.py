"""Grade notebooks that learners hand in, without trusting them.

A submission goes one way: file -> `notebook` -> `job.Job` -> `run` (a learner process and a checker
process, both in a `sandbox`) -> `job.Result` -> `journal` -> `gradebook`, `feedback`. Any nbgrader
course can be graded; nothing here knows what a course is about.
"""
