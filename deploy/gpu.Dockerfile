# The code location of the record chain and its runs on an NVIDIA GPU: no Java, the CUDA libraries come with the lock's torch.
# The host needs NVIDIA's driver and its container toolkit.
# syntax=docker/dockerfile:1.7
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md ./
COPY scripts/install.sh scripts/
COPY heritage_assets heritage_assets
RUN --mount=type=cache,target=/root/.cache/uv EDITABLE= UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 bash scripts/install.sh /opt/venv

FROM python:3.11.13-slim-bookworm
RUN apt-get update \
 && apt-get install --yes --no-install-recommends procps libgl1 libglib2.0-0 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home --home-dir /var/cache/heritage heritage \
 && mkdir -p /var/lib/heritage /opt/dagster \
 && chown heritage: /var/lib/heritage /opt/dagster
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 HOME=/var/cache/heritage \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER heritage
WORKDIR /var/lib/heritage
