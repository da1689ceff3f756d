"""Local processes that stand for remote execution environments.

`pool.Pool` keeps one `worker.Worker` per remote environment; `python` and
`runtime_api` are the two ways of talking to a process.
"""
