"""The Django admin: panels with their newest readings, refused messages, ingest workers."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import ForeignObjectRel, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from meters.admin_tariffs import AssignmentInline
from meters.energy.pending import mark_all
from meters.models import IngestWorker, Panel, ReadingRepair, RejectedMessage, Trend
from meters.reasons import in_words
from meters.repair.pages import RepairsReadings

NEWEST_READINGS = 20
# What enters a panel's rollups: with a new value, all of them are computed anew.
_RULES = {"phases", "max_gap_s", "energy_register_limit_kwh", "rated_power_kva"}


class LookOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """For rows that only the program writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Panel)
class PanelAdmin(RepairsReadings):
    list_display = ("name", "display_name", "location", "active", "voltage", "ampere", "power")
    list_display_links = ("name", "display_name")
    list_filter = ("active", "location")
    search_fields = ("name", "display_name", "location")
    fieldsets = (
        (None, {"fields": ("name", "display_name", "location", "active")}),
        (
            _("Ratings"),
            {"fields": ("nominal_voltage_v", "rated_current_a", "rated_power_kva")},
        ),
        (_("Metering"), {"fields": ("phases", "max_gap_s", "energy_register_limit_kwh")}),
        (
            _("Retention"),
            {
                "fields": ("raw_retention_days", "minute_retention_days", "hour_retention_days"),
                "description": _(
                    "In days. What was computed from readings stays when they go: minutes, hours, days."
                ),
            },
        ),
        (_("Newest readings"), {"fields": ("newest_readings", "created_at")}),
    )
    readonly_fields = ("newest_readings", "created_at")
    inlines = (AssignmentInline,)

    @admin.display(description=_("newest readings"))
    def newest_readings(self, panel: Panel) -> SafeString:
        """Read-only: Trend's composite key is one the admin can't register."""
        samples = Trend.objects.newest([panel], NEWEST_READINGS) if panel.pk else []
        register = any(sample.energy_register is not None for sample in samples)
        context = {"samples": samples, "register": register}
        return render_to_string("admin/meters/newest_readings.html", context)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Panel | None = None
    ) -> tuple[str, ...]:
        # The name is the panel's level in the topic: changed, its meter would start another panel.
        return ("name", *self.readonly_fields) if obj else self.readonly_fields

    def get_deleted_objects(
        self, objs: Iterable[Panel], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What goes with the panels, by number: Django's own list has each of millions of rows."""
        panels = list(objs)
        counts = {str(self.opts.verbose_name_plural): len(panels)}
        for relation in self.opts.get_fields(include_hidden=True):
            if isinstance(relation, ForeignObjectRel) and relation.on_delete is models.CASCADE:
                model = relation.related_model
                rows = model._default_manager.filter(**{f"{relation.field.name}__in": panels})
                counts[str(model._meta.verbose_name_plural)] = rows.count()
        refused = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        return [str(panel) for panel in panels], counts, refused, []

    def save_model(self, request: HttpRequest, obj: Panel, form: Any, change: bool) -> None:
        # Only what was edited: the current values move on while the form is open.
        obj.save(update_fields=form.changed_data if change else None)
        if change and not _RULES.isdisjoint(form.changed_data):
            mark_all(obj)


@admin.register(RejectedMessage)
class RejectedMessageAdmin(LookOnlyAdmin):
    list_display = ("received_at", "topic", "why", "payload_bytes")
    fields = ("received_at", "topic", "why", "payload", "payload_bytes")
    list_filter = ("received_at",)
    search_fields = ("topic", "reason", "payload")
    date_hierarchy = None  # needs the database's time-zone tables, which a fresh MariaDB lacks

    @admin.display(description=_("reason"), ordering="reason")
    def why(self, message: RejectedMessage) -> str:
        return in_words(message.reason)


@admin.register(IngestWorker)
class IngestWorkerAdmin(LookOnlyAdmin):
    list_display = (
        "client_id",
        "alive",
        "connected",
        "broker",
        "message_rate",
        "received",
        "stored",
        "rejected",
        "in_memory",
        "heartbeat_at",
    )

    @admin.display(boolean=True, description=_("alive"))
    def alive(self, worker: IngestWorker) -> bool:
        return worker.is_fresh


@admin.register(ReadingRepair)
class ReadingRepairAdmin(LookOnlyAdmin):
    """The audit entries: nobody may change or delete one."""

    list_display = ("made_at", "made_by_name", "panel_name", "action", "metric", "rows", "reason")
    list_filter = ("action", "panel_name")
    search_fields = ("panel_name", "made_by_name", "reason")
    date_hierarchy = None
    fields = (
        "made_at",
        "made_by_name",
        "panel_name",
        "start",
        "end",
        "action",
        "metric",
        "factor",
        "offset",
        "rows",
        "reason",
        "replaced_readings",
    )
    readonly_fields = ("replaced_readings",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReadingRepair]:
        return super().get_queryset(request).defer("replaced")  # megabytes, for the download only

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download)
        mine = path("<int:repair>/replaced.csv", view, name="meters_readingrepair_replaced")
        return [mine, *super().get_urls()]

    @admin.display(description=_("replaced readings"))
    def replaced_readings(self, repair: ReadingRepair) -> SafeString:
        address = reverse("admin:meters_readingrepair_replaced", args=[repair.pk])
        return format_html(
            '<a href="{}">{}</a> ({})',
            address,
            _("Download as CSV"),
            _("manage.py import_trends with this file undoes the repair"),
        )

    def download(self, request: HttpRequest, repair: int) -> HttpResponse:
        found = get_object_or_404(ReadingRepair, pk=repair)
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        name = f"repair-{found.pk}-{found.panel_name}.csv"
        return HttpResponse(
            found.replaced_csv(),
            content_type="text/csv",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


admin.site.site_header = "PELBIOT"
admin.site.site_title = "PELBIOT"
