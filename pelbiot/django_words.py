"""Words of Django's admin that its own Indonesian catalogue lacks; ours fills the gap. Nothing imports
this: it is there to be found when the sentences are collected."""

from django.utils.translation import gettext_noop as _

WORDS = (_("Breadcrumbs"), _("Sidebar"), _("Filter"))
