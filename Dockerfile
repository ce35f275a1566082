# Debian 12 with everything that `make demo`, `make watch` and `make test` need:
#   docker build -t hotreload .
#   docker run --rm -it hotreload make demo
FROM debian:12

RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /hotreload
COPY scripts/install-packages.sh scripts/
RUN scripts/install-packages.sh demo test torture && rm -rf /var/lib/apt/lists/*

COPY . .
CMD ["make", "demo"]
