from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from dashboard import bill, compare, history, views
from dashboard.language_views import choose_language
from dashboard.overview import views as overview

urlpatterns = [
    path("", overview.overview, name="dashboard"),
    path("overview", overview.overview_now, name="overview-now"),
    path("overview/points", overview.overview_points, name="overview-points"),
    path("panels/<str:name>/", views.panel, name="panel"),
    path("panels/<str:name>/points", views.panel_points, name="panel-points"),
    path("panels/<str:name>/history", history.history, name="panel-history"),
    path("panels/<str:name>/history/range", history.history_range, name="panel-history-range"),
    path("compare", compare.compare, name="compare"),
    path("compare/range", compare.compare_range, name="compare-range"),
    path("panels/<str:name>/bill", bill.bill, name="panel-bill"),
    path(
        "login/",
        LoginView.as_view(template_name="login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("language", choose_language, name="language"),
    path("logout/", LogoutView.as_view(), name="logout"),
]
