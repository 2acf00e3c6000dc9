# syntax=docker/dockerfile:1
# The portal: same image for the web server, the worker and the migrations (see compose.yaml).

FROM python:3.13-slim-bookworm AS dependances
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/production.lock /tmp/production.lock
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --no-deps -r /tmp/production.lock

FROM python:3.13-slim-bookworm
# Pango draws the PDF; DejaVu has every accent.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fonts-dejavu-core libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin qualit
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=qualit.settings.prod \
    HOME=/tmp \
    DOSSIER_MEDIA=/srv/media
COPY --from=dependances /opt/venv /opt/venv
WORKDIR /srv/qualit
COPY . .
# The values below only let the settings load; nothing of them stays in the image.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    DATABASE_URL=postgresql://qualit_app@base.invalid/qualit ALLOWED_HOSTS=portail.invalid \
    EMAIL_HOST=courriel.invalid COURRIEL_EXPEDITEUR=portail@portail.invalid ADRESSE_DU_SITE=https://portail.invalid \
    python manage.py collectstatic --noinput --verbosity 0 \
    && mkdir /srv/media \
    && chown qualit:qualit /srv/media
USER 10001:10001
VOLUME /srv/media
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-m", "qualit.web.verifier_sante"]
CMD ["gunicorn", "qualit.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "4", "--preload", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", \
     "--max-requests", "5000", "--max-requests-jitter", "500"]
