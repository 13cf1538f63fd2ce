"""`crossdock twin`: both platforms, simulated, for training and for other clients; no logic."""

from __future__ import annotations

from typing import Annotated

import typer

from crossdock.console import AsJson, say, show
from crossdock.demo_shop import selling_shop
from crossdock.errors import ConfigError
from crossdock.twin.serve import serve as serve_the_twin

twin_cli = typer.Typer(no_args_is_help=True, help="Both platforms, simulated, for training and for other clients.")


@twin_cli.command("serve")
def twin_serve(
    *,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.", min=0, max=65535)] = 8700,
    orders: Annotated[int, typer.Option(help="Orders of the last day to begin with.", min=0, max=10_000)] = 60,
    seed: Annotated[int, typer.Option(help="Another seed, another day.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Serve both platforms on one loopback port, for training and for other people's clients."""
    twin, account, project, _ = selling_shop(seed, orders)

    def ready(url: str) -> None:
        told = {
            "url": url,
            "refresh_token": account.refresh_token,
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "project_key": project.key,
            "seller_id": account.seller_id,
            "ct_client_id": "demo",
            "ct_client_secret": "demo-secret",
            "control": f"{url}/_twin/",
        }
        show(told, as_json=as_json, people=lambda: say(*(f"{name}: {value}" for name, value in told.items())))

    try:
        serve_the_twin(twin, port, on_ready=ready)
    except OSError as fault:
        raise ConfigError([f"--port: {port} cannot be used: {fault.strerror}; give another one"]) from fault
