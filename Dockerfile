# The image of server, worker and projector: Sonik for services mode, without servers of its own.
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY constraints.txt ./
RUN python -m pip install --constraint constraints.txt hatchling
COPY pyproject.toml README.md LICENSE ./
COPY sonik sonik
COPY server server
COPY tools tools
COPY prompts prompts
RUN python -m hatchling build --target wheel --directory /dist \
 && python -m venv /opt/sonik \
 && /opt/sonik/bin/python -m pip install --constraint constraints.txt "$(echo /dist/sonik-*.whl)[minilm]"

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/sonik sonik \
 && install --directory --owner=sonik --group=sonik /var/lib/sonik /var/lib/sonik/lancedb /var/lib/sonik/run
COPY --from=build /opt/sonik /opt/sonik
ENV PATH=/opt/sonik/bin:$PATH \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SONIK_HOME=/var/lib/sonik
WORKDIR /var/lib/sonik
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
ENTRYPOINT ["sonik"]
CMD ["serve", "--http", "--host", "0.0.0.0"]
