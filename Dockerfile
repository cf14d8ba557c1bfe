# PELBIOT's image: one image, three processes (the command says which; see docker-compose.yml).
#
#   docker build -t pelbiot .
#
# Nothing secret is in it: every setting comes from the environment of the container.
# Debian and not Alpine: some of the packages have wheels for glibc only.

# --- Everything from PyPI, in a virtual environment; mysqlclient has no wheel and is compiled ---
FROM python:3.11-slim-bookworm AS build

RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*

COPY requirements.txt /build/requirements.txt
RUN python -m venv /opt/pelbiot \
    && /opt/pelbiot/bin/pip install --no-cache-dir --require-hashes -r /build/requirements.txt

# --- What runs: no compiler, no pip cache, the client library of MariaDB only ------------------
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin pelbiot \
    && install --directory --owner=pelbiot --group=pelbiot --mode=0750 /var/lib/pelbiot

COPY --from=build /opt/pelbiot /opt/pelbiot
ENV PATH=/opt/pelbiot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATE_DIR=/var/lib/pelbiot

WORKDIR /app
COPY manage.py pyproject.toml ./
COPY deploy/healthcheck.py deploy/
COPY pelbiot/ pelbiot/
COPY meters/ meters/
COPY dashboard/ dashboard/
COPY locale/ locale/
COPY templates/ templates/
COPY static/ static/

# Collected, compressed and fingerprinted here, once. The settings make a random key where there
# is none: it lives in a folder that is gone when this step ends, so none stays in the image.
RUN STATE_DIR=/tmp/build python manage.py collectstatic --noinput && rm -rf /tmp/build

# The code belongs to root: the process can write its state and nothing else. STATE_DIR is worth a
# volume for the ingest only, so none is declared for all.
USER pelbiot
EXPOSE 8000
# Of the web process. docker-compose.yml gives the other two their own.
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=4 \
    CMD ["python", "deploy/healthcheck.py"]
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "pelbiot.asgi:application"]
