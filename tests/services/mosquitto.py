"""A private Mosquitto that runs the configuration PELBIOT ships."""

import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.services.ports import HOST, answers, free_port
from tests.services.processes import ServerProcess
from tests.services.programs import find_program

SHIPPED: Final = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto"
# With characters that a URL reserves: the tests notice a password that gets lost on its way.
PASSWORDS: Final = {"pelbiot": "p@ss:w/rd", "meter": "m%40ter+1"}
PACKAGE: Final = "mosquitto"


class Mosquitto(ServerProcess):
    """A broker with a tcp and a websockets listener, the users `pelbiot` and `meter`, and a disk.

    Its configuration is deploy/mosquitto/mosquitto.conf; only ports, paths and the user are put in,
    so whatever a test proves about queues, sessions and rights holds for the shipped file.
    `extra` lines are appended for tests that need a stricter or a more forgetful broker.
    """

    name = "mosquitto"

    def __init__(self, folder: Path, extra: str = "") -> None:
        super().__init__(folder)
        self.websocket_port = free_port()
        self.program = find_program("mosquitto", PACKAGE)
        self.configuration = folder / "mosquitto.conf"
        write_passwords(folder / "passwords")
        (folder / "acl").write_text((SHIPPED / "acl").read_text())
        self.configuration.write_text(self._configuration_text() + extra)

    @property
    def url(self) -> str:
        """What PELBIOT's MQTT_BROKER_URL is set to."""
        return self.url_for("pelbiot")

    @property
    def meter_url(self) -> str:
        return self.url_for("meter")

    @property
    def ws_url(self) -> str:
        return f"ws://{credentials('pelbiot')}@{HOST}:{self.websocket_port}/mqtt"

    def url_for(self, user: str) -> str:
        return f"mqtt://{credentials(user)}@{HOST}:{self.port}"

    def command(self) -> list[str]:
        return [self.program, "-c", str(self.configuration)]

    def is_ready(self) -> bool:
        return answers(self.port) and answers(self.websocket_port)

    def _configuration_text(self) -> str:
        """The shipped file with this broker's ports and paths in place of the container's."""
        text = (SHIPPED / "mosquitto.conf").read_text()
        for shipped, ours in self._replacements().items():
            if f"\n{shipped}\n" not in text:
                raise AssertionError(f"deploy/mosquitto/mosquitto.conf lacks the line {shipped!r}.")
            text = text.replace(f"\n{shipped}\n", f"\n{ours}\n")
        # Started as root, Mosquitto would become a user who may not read the test's folder.
        return text + "user root\n"

    def _replacements(self) -> dict[str, str]:
        return {
            "listener 1883": f"listener {self.port} {HOST}",
            "listener 9001": f"listener {self.websocket_port} {HOST}",
            "password_file /mosquitto/secrets/passwords": f"password_file {self.folder}/passwords",
            "acl_file /mosquitto/secrets/acl": f"acl_file {self.folder}/acl",
            "persistence_location /mosquitto/data/": f"persistence_location {self.folder}/",
        }


def credentials(user: str) -> str:
    """`user:password` as it stands in a URL."""
    return f"{user}:{quote(PASSWORDS[user], safe='')}"


def write_passwords(path: Path) -> None:
    """A password file as the shipped one is made: by Mosquitto's own tool, hashed."""
    program = find_program("mosquitto_passwd", PACKAGE)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    for user, password in PASSWORDS.items():
        subprocess.run(
            [program, "-b", str(path), user, password], check=True, capture_output=True, timeout=30
        )
