"""The README's picture of the desk, taken of the twin's artificial day: `python -m tests.web.picture` writes docs/images/desk.png anew."""

from __future__ import annotations

import base64
import shutil
import tempfile
from pathlib import Path

from crossdock.store.database import Database, migrate
from crossdock.store.embedded import running
from crossdock.web.routes import build_desk
from tests.joined_twin import Stage
from tests.web.browser import look, open_browser, serve, wait_for
from tests.web.rehearsed import desk_of, rehearse

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "desk.png"
SIZE = (1280, 985)
SCALE = 1.5


def main() -> None:
    """Rehearse a day on a server of its own, look at the overview, and keep what is seen."""
    folder = Path(tempfile.mkdtemp(prefix="crossdock-picture-"))
    folder.chmod(0o711)  # as root the server is `nobody`, who must be able to pass
    with running(folder / "server", durable=False) as server:
        migrate(server.owner_url, server.app_url)
        database = Database(server.app_url)
        database.open()
        stage = Stage(database)
        scene = rehearse(stage)
        desk = build_desk(desk_of(database, [scene]), connections=["eu"], clock=scene.twin.world.clock.now)
        with serve(desk) as address, open_browser() as browser:
            look(browser, size=SIZE, scale=SCALE)
            browser.get(address)
            wait_for(browser, "document.querySelectorAll('.chart svg').length === 2")
            taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        stage.close()
        database.close()
    shutil.rmtree(folder)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main()
