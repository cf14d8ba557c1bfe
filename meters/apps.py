from django.apps import AppConfig


class MetersConfig(AppConfig):
    name = "meters"
    verbose_name = "Meters"

    def ready(self) -> None:
        from meters import checks  # noqa: F401  (importing registers them)
