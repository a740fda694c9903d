"""The worker: a detached process, the threads in it that train, and what it watches in itself."""
