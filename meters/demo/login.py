"""The demo's log-in: an administrator with a random password that the terminal shows."""

import secrets
from pathlib import Path

from django.contrib.auth import get_user_model

NAME = "demo"


def demo_login(state_dir: Path) -> tuple[str, str]:
    """(name, password), made at the first call and the same ever after."""
    path = state_dir / "demo_password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    password = path.read_text().strip()
    user, _ = get_user_model().objects.get_or_create(
        username=NAME, defaults={"is_staff": True, "is_superuser": True}
    )
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    return NAME, password
