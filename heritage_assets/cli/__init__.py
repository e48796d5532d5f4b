"""The ``heritage`` command, one module for each family of commands."""


def main() -> None:
    """Run the command line (imported late, so that importing the package costs nothing)."""
    from heritage_assets.cli.app import main as run

    run()
