from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from dashboard import bill, compare, first_reading_views, history, panel_head, panel_page
from dashboard.installing import manifest
from dashboard.language_views import choose_language
from dashboard.overview import views as overview
from dashboard.system import rejected_views
from dashboard.system import views as system_views

urlpatterns = [
    path("", overview.overview, name="dashboard"),
    path("overview", overview.overview_now, name="overview-now"),
    path("overview/points", overview.overview_points, name="overview-points"),
    path("first-reading", first_reading_views.heard, name="first-reading"),
    path("panels.json", panel_head.panel_names, name="panel-names"),
    path("panels/<str:name>/", panel_page.panel, name="panel"),
    path("panels/<str:name>/points", panel_page.points, name="panel-points"),
    path("panels/<str:name>/window", panel_page.window, name="panel-window"),
    path("panels/<str:name>/today", panel_page.day, name="panel-today"),
    path("panels/<str:name>/history", history.history, name="panel-history"),
    path("panels/<str:name>/history/range", history.history_range, name="panel-history-range"),
    path("compare", compare.compare, name="compare"),
    path("compare/range", compare.compare_range, name="compare-range"),
    path("panels/<str:name>/bill", bill.bill, name="panel-bill"),
    path("system", system_views.system, name="system"),
    path("system/figures", system_views.figures, name="system-figures"),
    path("system/rejected", rejected_views.rejected, name="rejected"),
    path("system/rejected.csv", rejected_views.rejected_csv, name="rejected-csv"),
    path("system/rejected/<int:key>", rejected_views.message, name="rejected-message"),
    path(
        "login/",
        LoginView.as_view(template_name="login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("language", choose_language, name="language"),
    path("logout/", LogoutView.as_view(), name="logout"),
]
