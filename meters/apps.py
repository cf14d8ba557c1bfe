from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MetersConfig(AppConfig):
    name = "meters"
    verbose_name = _("Meters")

    def ready(self) -> None:
        from meters import checks  # noqa: F401  (importing registers them)
        from meters.roles import keep_roles

        # Django's own receiver, connected before, has made the permissions by then.
        post_migrate.connect(keep_roles, sender=self)
