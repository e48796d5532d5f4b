"""The search application over HTTP: a versioned API, and the web page that uses nothing else."""
