"""Sentences about history, in the one wording that the server and the pages' JavaScript share."""

from django.utils.translation import gettext_lazy as _

from dashboard import texts

TEXTS = {
    "covered": _("{percent} covered"),
    "covered_all": _("Readings cover the whole period."),
    "covered_part": _("Readings cover {percent} of the period; {missing} are missing."),
    "covered_none": _("No readings in this period."),
    "covered_pruned": _("Of this time only whole days are kept."),
    "nothing_yet": _("This panel has no readings yet. Its history begins with the first one."),
    "recovered": _("{percent} of the time is recovered from the meter's register."),
    "pending": _("The newest readings are still being added up."),
    "loading": _("Loading…"),
    "problem_network": _("PELBIOT can't be reached, so this is not the latest. Is the network up?"),
    "problem_server": _("PELBIOT could not work this out (error {status})."),
    "problem_asked": _("PELBIOT can't show this range: {reason}"),
    "no_reading": _("no reading"),
    "previous": _("before: {value}"),
    "single": _("Single readings"),
    "means": _("Means over {step}"),
    "with_band": _("{level}, with lowest and highest"),
    "largest": _("{title} takes the most: {energy}, {share} of the total."),
    "trend_summary": _(
        "{label}: {mean} on average, between {low} ({low_at}) and {high} ({high_at})."
    ),
    "trend_empty": _("{label}: no readings in this period."),
    "energy_summary": _("{energy} in this period, {cost}. {covered}."),
    "energy_summary_partly": _("{energy} in this period, {cost}; {unpriced}. {covered}."),
    "energy_summary_unpriced": _("{energy} in this period; no tariff, so no cost. {covered}."),
    "energy_empty": _("No energy is known of this period."),
    "no_cost": _("no tariff"),
    "unpriced": _("{energy} without a price"),
    "quality_measured": _("measured"),
    "quality_recovered": _("recovered from the register"),
    "quality_partial": _("partly measured"),
    "quality_empty": _("no readings"),
    "quality_pruned": _("no longer kept"),
    "demand_summary": _("Highest 15-minute mean {demand}, {at}. Load factor {factor}. {covered}."),
    "demand_empty": _("No quarter of an hour of this period is complete."),
    "demand_running": _("Running block: {mean} after {elapsed}; it is heading for {forecast}."),
    "duration_summary": _(
        "Half of the time the load was at least {half}, a tenth of it at least {tenth}. {covered}."
    ),
    "duration_empty": _("No quarter of an hour of this period is complete."),
    "duration_read": _("{percent} of the time ({hours}) at least {power}"),
    "block_incomplete": _("incomplete"),
    "verdict_pass": _("Pass"),
    "verdict_fail": _("Fail"),
    "verdict_inconclusive": _("Inconclusive"),
    "compliance_empty": _("No week of this period has readings of the voltage."),
    "outside": _("{outside} of {measured} ({percent} %)"),
    "seconds": _("{seconds} s"),
    "minutes": _("{minutes} min"),
    "hours": _("{hours} h"),
    "hours_minutes": _("{hours} h {minutes} min"),
    "days": _("{days} days"),
    "day": _("a day"),
    "sum_summary": _("Together {energy}; highest sum {maximum}, {at}. {covered}."),
    "sum_unknown": _(
        "Together {energy}. {covered}. Of no quarter of an hour the demand of all panels is known, so there is no highest sum."
    ),
    "rated": _("of {rated} kVA"),
    "unrated": _("no rating set"),
    "limits": _("means of 10 minutes, {low} to {high} V"),
    "compliance_long": _("Weeks are judged over up to three years at a time."),
    "head_time": _("Time"),
    "head_covered": _("Covered"),
    "head_energy": _("Energy"),
    "head_cost": _("Cost"),
    "head_quality": _("Quality"),
    "head_week": _("Week"),
    "head_verdict": _("Verdict"),
    "head_outside": _("Means outside"),
    "head_lowest": _("Lowest"),
    "head_highest": _("Highest"),
    "choose_panels": _("Choose at least one panel."),
    "too_many": _("Up to {limit} panels can be compared at a time."),
}


def text(key: str, **filled_in: str) -> str:
    return str(TEXTS[key]).format(**filled_in)


def all_texts() -> dict[str, str]:
    return texts.all_texts() | {key: str(sentence) for key, sentence in TEXTS.items()}
