"""Technical administration of the reports: settings and answers of structures, nothing nominative."""

from django.contrib import admin

from .models import EtatNeant


@admin.register(EtatNeant)
class EtatNeantAdmin(admin.ModelAdmin):
    """Months without leavers, as the structures declared them (read only)."""

    list_display = ("structure", "mois", "quand")
    list_filter = ("mois",)
    search_fields = ("structure__nom", "structure__code")
    fields = readonly_fields = ("structure", "mois", "quand")

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False
