"""Django admin of the territory and the nomenclatures. No jeune, no secret, no session is reachable here."""

from allauth.mfa import admin as admin_mfa  # imported first, so that they register before we withdraw them
from allauth.usersessions import admin as admin_sessions
from django.contrib import admin
from import_export.admin import ImportExportModelAdmin
from import_export.formats.base_formats import CSV, ODS, XLSX

from . import droits
from .droits import Droit
from .models import Academie, Bassin, Commune, Structure, Terme
from .ressources import APRES_IMPORT, BassinResource, CommuneResource, StructureResource, TermeResource


class AdminDuTerritoire(admin.ModelAdmin):
    """Rights hang on the memberships, as everywhere; is_staff only opens the door."""

    def _permis(self, request):
        return request.user.is_staff and droits.a_le_droit(request.user, Droit.GERER_NOMENCLATURES)

    def has_module_permission(self, request):
        return self._permis(request)

    def has_view_permission(self, request, obj=None):
        return self._permis(request)

    has_add_permission = has_module_permission
    has_change_permission = has_view_permission

    def has_delete_permission(self, request, obj=None):
        return False  # a place or a term that served is closed, not deleted


class AdminParFichier(ImportExportModelAdmin, AdminDuTerritoire):
    """In and out by file, with the preview of what changes before it is confirmed."""

    formats = [CSV, XLSX, ODS]
    skip_export_form_from_action = True

    def has_import_permission(self, request):
        return self._permis(request)

    has_export_permission = has_import_permission

    def process_result(self, result, request):
        for suite in APRES_IMPORT:
            suite(self.model, par=request.user)
        return super().process_result(result, request)


@admin.register(Academie)
class AcademieAdmin(AdminDuTerritoire):
    list_display = ["nom", "code"]


@admin.register(Bassin)
class BassinAdmin(AdminParFichier):
    resource_classes = [BassinResource]
    list_display = ["nom", "code", "academie", "telephone_gab", "delai_habituel_jours"]
    list_filter = ["academie"]


@admin.register(Commune)
class CommuneAdmin(AdminParFichier):
    resource_classes = [CommuneResource]
    list_display = ["nom", "code_insee", "bassin"]
    list_filter = ["bassin"]
    search_fields = ["nom_tri", "code_insee"]
    raw_id_fields = ["actuelle"]


@admin.register(Structure)
class StructureAdmin(AdminParFichier):
    resource_classes = [StructureResource]
    list_display = ["nom", "type", "uai", "bassin", "fermee_le"]
    list_filter = ["type", "bassin"]
    search_fields = ["nom_tri", "uai", "siret"]
    raw_id_fields = ["commune", "reprise_par"]


@admin.register(Terme)
class TermeAdmin(AdminParFichier):
    resource_classes = [TermeResource]
    list_display = ["libelle", "liste", "code", "valide_du", "valide_au"]
    list_filter = ["liste"]
    search_fields = ["libelle", "code"]


# The libraries would show the secrets of second factors and the open sessions.
for modele in (admin_mfa.Authenticator, admin_sessions.UserSession):
    if admin.site.is_registered(modele):
        admin.site.unregister(modele)
