"""Where things are kept: objects, Delta tables and vectors. Free of Dagster, so that the command line, the search
application and the assets share one implementation; :mod:`heritage_assets.resources` wraps them for Dagster."""
