# The training container. The source is mounted at run time; only `release` holds it. Built by `make image`.
#   VARIANT   cuda: TensorFlow with CUDA's libraries, runs without a GPU too; cpu: less than half
#   targets   train: what the pipeline runs in; test: with pytest and the linters; release: with the source inside
ARG BASE_IMAGE=debian:bookworm-20260824-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171
ARG VARIANT=cuda

FROM ${BASE_IMAGE} AS system
# Debian's stable packages get security fixes and nothing else: what decides results is pinned in requirements/.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git make openssh-client python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log \
    && python3 -m venv /venv \
    && useradd --uid 1000 --create-home octet \
    && chmod 1777 /home/octet
ENV PATH=/venv/bin:$PATH

FROM system AS libraries-cpu

FROM system AS libraries-cuda
COPY requirements/cuda.txt /requirements/
# TensorFlow finds most of CUDA by itself; what CUDA's libraries load from one another, only the loader can find.
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /requirements/cuda.txt \
    && printf '%s\n' /venv/lib/python3*/site-packages/nvidia/*/lib > /etc/ld.so.conf.d/nvidia.conf \
    && ldconfig && rm -f /var/cache/ldconfig/aux-cache

# hadolint ignore=DL3006
FROM libraries-${VARIANT} AS packages
COPY requirements/runtime.txt /requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /requirements/runtime.txt \
    && touch /venv/runtime

FROM packages AS settled
ARG VARIANT
COPY tools/environment/octet /venv/bin/
# Under a strict umask, git makes it for the clone's owner alone. The classic builder knows no --chmod for COPY.
RUN chmod 755 /venv/bin/octet
# A home that any user may write to, and a name: DVC asks for both, and `--user` may be one that the image doesn't know.
# Signals go to the whole process group: DVC waits for its stage to end, so the stage has to hear of them.
ENV HOME=/home/octet USER=octet LANG=C.UTF-8 \
    OCTET_IMAGE=${VARIANT} \
    TF_USE_LEGACY_KERAS=1 \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    TINI_KILL_PROCESS_GROUP=1
STOPSIGNAL SIGINT
USER 1000
WORKDIR /octet
CMD ["bash"]

FROM settled AS test
USER 0
COPY requirements/dev.txt requirements/remotes.txt /requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        -r /requirements/dev.txt -r /requirements/remotes.txt \
    && touch /venv/dev /venv/remotes
USER 1000

# The labels come last: they change with every commit, and everything after them is built again.
FROM settled AS train
ARG VARIANT
ARG REVISION=unknown
ARG LOCK=unknown
ARG INPUTS=unknown
LABEL org.opencontainers.image.title="octet" \
      org.opencontainers.image.description="Trains object detectors in float, then in eight bits, and measures both" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${REVISION}" \
      octet.variant="${VARIANT}" \
      octet.lock="${LOCK}" \
      octet.inputs="${INPUTS}"

FROM train AS release
USER 0
COPY .dvcignore LICENSE Makefile README.md dvc.yaml dvc.lock params.yaml ./
COPY .dvc/config .dvc/config
COPY requirements requirements
COPY src src
# No git here. Whatever user runs it may write what stages make and what DVC notes, dvc.lock in place, but not the source.
RUN dvc config core.no_scm true && mkdir -p data models reports runs .dvc/tmp .dvc/cache \
    && chown root:root . && chmod --recursive go=rX . \
    && chmod a+rwX data models reports runs .dvc/tmp .dvc/cache dvc.lock
USER 1000
