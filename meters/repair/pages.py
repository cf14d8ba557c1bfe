"""The pages of a repair in the admin: a form, then what it would do, then it is done."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from meters.metrics import MEASURED
from meters.models import Panel
from meters.repair.carry_out import carry_out
from meters.repair.correction import Preview, RepairRefusedError
from meters.repair.forms import RepairForm

PERMISSION = "meters.repair_readings"


class RepairsReadings(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Adds *Repair readings* to the admin of panels, for those with the permission."""

    def get_urls(self) -> list[URLPattern]:
        view: Callable[..., HttpResponse] = self.admin_site.admin_view(self.repair_view)
        mine = path("<int:panel>/repair/", view, name="meters_panel_repair")
        return [mine, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may = {"may_repair": request.user.has_perm(PERMISSION)}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | may)

    def repair_view(self, request: HttpRequest, panel: int) -> HttpResponse:
        """1. The form. 2. Sent: what it would do. 3. Sent once more with `expected`, the number of
        readings that was shown: it is done."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        found = Panel.objects.filter(pk=panel).first()
        if found is None:
            raise Http404
        form = RepairForm(request.POST if request.method == "POST" else None)
        preview = None
        if form.is_valid() and "back" not in request.POST:
            try:
                if "expected" in request.POST:
                    return self._carry_out(request, form, found)
                preview = Preview.of(form.correction(found))
            except RepairRefusedError as error:
                form.add_error(None, str(error))
        return self._page(request, found, form, preview)

    def _carry_out(self, request: HttpRequest, form: RepairForm, panel: Panel) -> HttpResponse:
        expected = request.POST["expected"]
        assert isinstance(request.user, User)
        repair = carry_out(
            form.correction(panel),
            expected=int(expected) if expected.isdecimal() else -1,
            user=request.user,
            reason=form.cleaned_data["reason"],
        )
        self.log_change(request, panel, f"{repair.get_action_display()}: {repair.reason}")
        self.message_user(
            request,
            ngettext(
                "%(rows)d reading was repaired. The history follows within seconds; what stood "
                "there is kept under Repairs of readings.",
                "%(rows)d readings were repaired. The history follows within seconds; what stood "
                "there is kept under Repairs of readings.",
                repair.rows,
            )
            % {"rows": repair.rows},
            messages.SUCCESS,
        )
        return HttpResponseRedirect(reverse("admin:meters_panel_change", args=[panel.pk]))

    def _page(
        self, request: HttpRequest, panel: Panel, form: RepairForm, preview: Preview | None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Repair readings of %(panel)s") % {"panel": panel},
            "opts": self.opts,
            "original": panel,
            "form": form,
            "preview": preview,
            "labels": [MEASURED[name] for name in preview.metrics] if preview else [],
        }
        template = "repair_preview.html" if preview else "repair.html"
        return render(request, f"admin/meters/panel/{template}", context)
