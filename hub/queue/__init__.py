"""The queue: jobs that are put once, run one at a time for each key, and end as their errors' kinds say."""
