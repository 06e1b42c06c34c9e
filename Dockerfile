# syntax=docker/dockerfile:1

# The same Debian as the tests run on, so the same Tesseract and poppler. A version tag still moves when the image is
# rebuilt for security fixes; to have the very same bytes for ever, pin the digest that `docker buildx imagetools
# inspect python:3.13.9-slim-bookworm` prints:  python:3.13.9-slim-bookworm@sha256:<digest>
ARG PYTHON_IMAGE=python:3.13.9-slim-bookworm

FROM ${PYTHON_IMAGE} AS builder
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /build && python -m venv /opt/sidecar
# The locks before the source: a change in the code alone installs nothing anew.
COPY requirements.lock requirements-build.lock ./
RUN /opt/sidecar/bin/pip install --require-hashes -r requirements.lock \
    && /build/bin/pip install --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY prompts prompts
COPY sidecar sidecar
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/sidecar/bin/pip install --no-deps /wheels/*.whl

# More exact language data than Debian's, for OCR_DATA_DIR=/usr/share/tessdata-best (docs/ocr.md says what it costs).
FROM node:22.21.0-bookworm-slim AS tessdata
ARG TESSERACT_LANGUAGES="eng deu fra spa ita"
WORKDIR /tessdata
RUN for language in ${TESSERACT_LANGUAGES}; do \
        npm pack --silent "@tesseract.js-data/${language}@1.0.0" \
        && tar --extract --gzip --strip-components=2 --file="tesseract.js-data-${language}-1.0.0.tgz" \
            "package/4.0.0_best_int/${language}.traineddata.gz" \
        && gunzip "${language}.traineddata.gz" && rm -- *.tgz \
        || echo "there is no such data for ${language}"; \
    done

FROM ${PYTHON_IMAGE}
# Languages Tesseract can read, by Tesseract's codes; 1 to 5 MB each. The default covers what most archives in Europe
# and the Americas hold; others: docker build --build-arg TESSERACT_LANGUAGES="eng nld pol chi_sim" .
# OCR_LANGUAGES says at run time which of them are used.
ARG TESSERACT_LANGUAGES="eng deu fra spa ita"
# poppler-data: without it, pages in Chinese, Japanese and Korean are drawn as white paper.
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        poppler-utils poppler-data fonts-dejavu-core tesseract-ocr \
        $(for language in ${TESSERACT_LANGUAGES}; do echo "tesseract-ocr-${language}" | tr _ -; done) \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /tmp sidecar \
    && install --directory --owner=sidecar --group=sidecar /data
COPY --from=builder /opt/sidecar /opt/sidecar
COPY --from=tessdata /tessdata /usr/share/tessdata-best

# One thread for each Tesseract: pages are read side by side instead, which is several times faster.
# Each page is read in its own language, among those installed above.
# MALLOC_ARENA_MAX: threads that each keep their own freed memory would let it grow with every document.
ENV PATH=/opt/sidecar/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_THREAD_LIMIT=1 \
    OCR_LANGUAGES=auto \
    MALLOC_ARENA_MAX=2 \
    HOME=/tmp \
    DATA_DIR=/data \
    WEB_HOST=0.0.0.0

EXPOSE 8400

# The root file system may be read-only: only these two are written to, /tmp as a tmpfs.
VOLUME /data
WORKDIR /data
USER 10001:10001
STOPSIGNAL SIGTERM

# Whether the dashboard answers (docs/observability.md); without one, whether the file that the program touches at least
# once a minute is young. Neither starts a Python.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD if [ "${WEB_PORT:-8400}" = 0 ]; then test -n "$(find "$DATA_DIR/alive" -mmin -3 2>/dev/null)"; \
        else bash -c 'host=${WEB_HOST:-127.0.0.1}; case $host in 0.0.0.0 | ::) host=127.0.0.1 ;; esac; \
        exec 3<>"/dev/tcp/$host/${WEB_PORT:-8400}" && printf "HEAD /healthz HTTP/1.0\r\n\r\n" >&3 && \
        read -r _ status _ <&3 && [ "$status" = 200 ]'; fi

# Exec form: the program itself is process 1 and gets the stop signal.
ENTRYPOINT ["sidecar"]
CMD ["run"]
