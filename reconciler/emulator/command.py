"""The verb `reconciler emulator`; the server itself is imported when it runs."""

import click


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8085, show_default=True, help="Port of the API; 0: any.")
@click.option("--asset-port", type=click.IntRange(0, 65535), default=8086, show_default=True, help="Port of the files.")
@click.option("--control-port", type=click.IntRange(0, 65535), default=8087, show_default=True, help="Control port.")
@click.option("--jobs", type=click.IntRange(0, 1_000_000), default=60, show_default=True, help="How many jobs.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same account.")
@click.option("--media-mb", type=click.IntRange(0), default=0, help="All media together, in MB.  [default: small]")
@click.option("--page-size", type=click.IntRange(1, 1000), default=25, show_default=True, help="Jobs a page.")
@click.option("--key", default="pictai_demo", show_default=True, help="The API key that is accepted.")
@click.option("--until-stdin-closes", is_flag=True, help="Stop when standard input ends: never outlives its parent.")
def emulator(
    *,
    port: int,
    asset_port: int,
    control_port: int,
    jobs: int,
    seed: int,
    media_mb: int,
    page_size: int,
    key: str,
    until_stdin_closes: bool,
) -> None:
    """Serve an emulated account on 127.0.0.1, to try everything where nothing can be lost.

    The first line on stdout says in JSON where it answers.  The control port shows every request that came
    (GET /_emulator/requests) and plays bad days (POST /_emulator/faults).
    """
    from reconciler.emulator.server import Options, serve  # noqa: PLC0415 - start-up: --help must not load the server

    options = Options(
        port=port,
        asset_port=asset_port,
        control_port=control_port,
        jobs=jobs,
        seed=seed,
        media_mb=media_mb,
        page_size=page_size,
        key=key,
        until_stdin_closes=until_stdin_closes,
    )
    try:
        serve(options)
    except OSError as error:
        raise click.ClickException(f"a port cannot be opened: {error.strerror}; name others, or 0 for any") from error
