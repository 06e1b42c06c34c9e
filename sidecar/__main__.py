"""The entry of `sidecar` and `python -m sidecar`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from sidecar.cli.main import app  # noqa: PLC0415 - typer is loaded by the command line alone

    app()


if __name__ == "__main__":
    main()
