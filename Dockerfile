# The price service. `docker compose build` builds the target `api`; `trainer` is what training needs.
ARG BASE=python:3.11-slim
ARG MLFLOW_IMAGE=ghcr.io/mlflow/mlflow:v3.17.2

# Locks to wheels. What has no wheel is compiled here, so that no compiler reaches the other stages.
FROM ${BASE} AS builder
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt
COPY requirements/serve.txt requirements/
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels -r requirements/serve.txt
COPY requirements/postgres.txt requirements/
# POSTGRES=yes: with what keeps feedback in PostgreSQL, 42 MB.
ARG POSTGRES=
RUN [ -z "$POSTGRES" ] || pip wheel --no-cache-dir --no-deps --wheel-dir /wheels -r requirements/postgres.txt

FROM builder AS full-builder
COPY requirements/full.txt requirements/dask.txt requirements/
# DASK=yes: with what works on a Dask cluster and reads listings from S3.
ARG DASK=
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /full-wheels -r requirements/full.txt ${DASK:+-r requirements/dask.txt}

# For the list of what the image is made of; nothing of this stage is kept.
FROM ${BASE} AS bill-of-materials
COPY requirements/sbom.txt requirements/sbom.py requirements/
RUN pip install --no-cache-dir --require-hashes --no-deps --root-user-action=ignore --target /sbom -r requirements/sbom.txt \
 && mv requirements/sbom.py /sbom/write_sbom.py

# What both final images have: the libraries' run-time needs and a user without rights.
FROM ${BASE} AS runtime
ARG APP_UID=1000
ARG APP_GID=1000
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl libgomp1 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf /var/log/* \
 && groupadd --non-unique --gid ${APP_GID} appuser \
 && useradd --non-unique --uid ${APP_UID} --gid ${APP_GID} --no-create-home --home-dir /app --shell /usr/sbin/nologin appuser
ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app/src
WORKDIR /app

FROM runtime AS training-libraries
RUN --mount=type=bind,from=full-builder,source=/full-wheels,target=/wheels \
    pip install --no-cache-dir --no-index --no-deps --root-user-action=ignore /wheels/*.whl
COPY markets markets

FROM training-libraries AS trainer
COPY src src
ENV CARPRICE_VAR_DIR=/tmp/var MPLCONFIGDIR=/tmp/matplotlib
USER appuser
ENTRYPOINT ["python", "-m", "carprice", "train"]

# The demo model, for the first start; nothing else of this stage is kept. It copies what training reads and no
# more, so that a change elsewhere in the code does not train it again.
FROM training-libraries AS demo
COPY src/carprice/*.py src/carprice/
COPY src/carprice/system src/carprice/system
COPY src/carprice/market src/carprice/market
COPY src/carprice/listings src/carprice/listings
COPY src/carprice/simulation src/carprice/simulation
COPY src/carprice/model src/carprice/model
COPY src/carprice/engine src/carprice/engine
COPY src/carprice/frames src/carprice/frames
COPY src/carprice/evaluation src/carprice/evaluation
COPY src/carprice/training src/carprice/training
COPY src/carprice/tracking src/carprice/tracking
RUN CARPRICE_ARTIFACTS_DIR=/demo python -m carprice.simulation.demo_model

# MLflow with what its own names and passwords need.
FROM ${MLFLOW_IMAGE} AS mlflow-login
COPY requirements/mlflow-login.txt /tmp/
RUN pip install --no-cache-dir --require-hashes --no-deps --root-user-action=ignore --break-system-packages -r /tmp/mlflow-login.txt

FROM runtime AS api
RUN --mount=type=bind,from=builder,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --no-deps --root-user-action=ignore /wheels/*.whl
RUN --mount=type=bind,from=bill-of-materials,source=/sbom,target=/sbom \
    PYTHONPATH=/sbom PYTHONDONTWRITEBYTECODE=1 python -m write_sbom > sbom.json
COPY --from=demo /demo demo
COPY app.py edge/health ./
# What serves, and nothing else: tests/test_architecture.py keeps it from importing the rest.
COPY src/carprice/*.py src/carprice/
COPY src/carprice/system src/carprice/system
COPY src/carprice/market src/carprice/market
COPY src/carprice/model src/carprice/model
COPY src/carprice/feedback src/carprice/feedback
COPY src/carprice/access src/carprice/access
COPY src/carprice/monitor src/carprice/monitor
# For `python -m carprice gates` and `bake`, which a cluster runs from this image: docs/clients.md.
COPY src/carprice/ops src/carprice/ops
COPY src/carprice/cli src/carprice/cli
COPY src/carprice/api src/carprice/api
# Bytecode is written now, the standard library's too: the root file system is read-only later.
RUN python -m compileall -q app.py src/carprice \
 && python -c "import granian.server, carprice.api.serving.server" \
 && mkdir -p artifacts logs keys var/feedback && chown appuser:appuser artifacts logs var/feedback
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG RELEASE=unknown
LABEL org.opencontainers.image.title="car-price-prediction" \
      org.opencontainers.image.description="Used-car prices over HTTP" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      carprice.release="${RELEASE}"
ENV CARPRICE_FALLBACK_DIR=/app/demo
USER appuser
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=10s --retries=3 --start-period=30s --start-interval=1s \
    CMD curl -f -s -S -m 8 http://localhost:${CARPRICE_PORT:-${AIP_HTTP_PORT:-5000}}/info/status; exec bash health --asked $?
ENTRYPOINT ["python", "app.py"]
